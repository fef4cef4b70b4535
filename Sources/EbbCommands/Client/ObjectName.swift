import ArgumentParser

/// Ids and names of objects on the command line.
enum ObjectName {
    /// The text as it is. - Throws: when it is empty, as a variable that is not set makes it: no object has that name,
    /// and in a path it would stand for the whole list.
    static func read(_ text: String) throws -> String {
        guard !text.allSatisfy(\.isWhitespace) else { throw ValidationError("an empty text names nothing") }
        return text
    }
}
