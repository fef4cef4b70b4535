/// What is wrong in a configuration file or its surroundings, and where.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A place in a file; line and column start at 1, zero means the file as a whole.
    public struct Place: Hashable, Sendable {
        public let file: String
        public let line: Int
        public let column: Int

        public init(file: String, line: Int = 0, column: Int = 0) {
            self.file = file
            self.line = line
            self.column = column
        }
    }

    public let place: Place
    /// The way to the value, `engines[0].url` for example; empty for the whole file.
    public let path: String
    public let message: String

    public init(_ message: String, path: String = "", at place: Place) {
        self.message = message
        self.path = path
        self.place = place
    }

    public var description: String {
        let position = self.place.line > 0 ? ":\(self.place.line):\(self.place.column)" : ""
        let path = self.path.isEmpty ? "" : "\(self.path): "
        return "\(self.place.file)\(position): \(path)\(self.message)"
    }
}
