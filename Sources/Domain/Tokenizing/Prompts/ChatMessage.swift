/// A chat message as far as counting is concerned.
public struct ChatMessage: Hashable, Sendable {
    public var role: String
    public var name: String?
    public var parts: [ContentPart]

    public init(role: String, name: String? = nil, parts: [ContentPart]) {
        self.role = role
        self.name = name
        self.parts = parts
    }

    /// A message of plain text.
    public init(role: String, name: String? = nil, text: String) {
        self.init(role: role, name: name, parts: [.text(text)])
    }
}

/// One part of a message's content.
public enum ContentPart: Hashable, Sendable {
    case text(String)
    /// An image; the size is nil when it is not known (for example behind a URL).
    case image(size: ImageSize?, detail: ImageDetail)
    /// Sound of so many milliseconds.
    case audio(milliseconds: Int)
    /// Anything that has no counting rule: it adds nothing and makes the count an estimate.
    case unknown
}

/// A function that a request offers as a tool.
public struct ToolFunction: Hashable, Sendable {
    /// One property of the function's parameters.
    public struct Property: Hashable, Sendable {
        public var name: String
        public var type: String
        public var description: String
        /// The allowed values as text; nil when the property has no `enum`.
        public var enumValues: [String]?

        public init(name: String, type: String, description: String, enumValues: [String]? = nil) {
            self.name = name
            self.type = type
            self.description = description
            self.enumValues = enumValues
        }
    }

    public var name: String
    public var description: String
    public var properties: [Property]

    public init(name: String, description: String, properties: [Property] = []) {
        self.name = name
        self.description = description
        self.properties = properties
    }
}
