/// A value that must not appear in logs, errors, dumps or crash reports.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    public init(_ value: String) { self.value = value }

    /// The secret itself; the only way to it, so that every use can be found.
    public func reveal() -> String { self.value }

    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where a secret is found when it is needed; never the secret itself.
public enum SecretSource: Hashable, Sendable {
    /// The name of an environment variable.
    case environment(String)
    /// The path of a file; white space around its content does not count.
    case file(String)

    /// Fetches the secret.
    ///
    /// - Throws: when the variable is unset, the file cannot be read, or the value is empty or has control characters.
    public func read(environment: [String: String]) throws(ConfigurationError) -> Secret {
        let place: ConfigurationError.Place
        let text: String
        switch self {
        case .environment(let name):
            place = .init(file: "environment variable \(name)")
            guard let value = environment[name] else { throw ConfigurationError("is not set", at: place) }
            text = value
        case .file(let path):
            place = .init(file: path)
            text = try TextFile.read(path)
        }
        var trimmed = Substring(text)
        while let last = trimmed.last, last.isWhitespace { trimmed.removeLast() }
        while let first = trimmed.first, first.isWhitespace { trimmed.removeFirst() }
        guard !trimmed.isEmpty else { throw ConfigurationError("is empty", at: place) }
        guard trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw ConfigurationError("holds characters that no key has", at: place)
        }
        return Secret(String(trimmed))
    }
}
