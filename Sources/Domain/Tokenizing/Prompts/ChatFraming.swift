/// The tokens that a chat adds around the strings of its messages and tools.
///
/// Figures: OpenAI cookbook, "How to count tokens with tiktoken" (prices-and-finops 4.1 and 4.2).
struct ChatFraming: Hashable {
    var perMessage = 3
    /// Added for each `name` field; negative where the name stands in place of the role.
    var perName = 1
    /// The start of the answer.
    var priming = 3
    /// Added for each function.
    var perFunction = 7
    /// Whether these figures are published for the model.
    var isKnown = true

    static let propertiesOpening = 3
    static let perProperty = 3
    static let enumOpening = -3
    static let perEnumValue = 3
    static let functionsClosing = 12

    static func forModel(_ model: String) -> ChatFraming {
        let name = ModelName(model)
        guard let match = name.longestMatch(in: Self.families) else { return ChatFraming(isKnown: false) }
        return match.value
    }

    private static let older = ChatFraming(perFunction: 10)
    private static let first = ChatFraming(perMessage: 4, perName: -1, perFunction: 10)
    private static let known = ChatFraming()

    private static let families: [(family: String, value: ChatFraming)] = [
        ("gpt-3.5-turbo-0301", first),
        ("gpt-3.5-turbo", older), ("gpt-35-turbo", older), ("gpt-4", older),
        ("gpt-4o", known), ("chatgpt-4o", known), ("gpt-4.1", known), ("gpt-4.5", known),
    ]
}
