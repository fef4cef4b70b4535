/// The time within which an answer is due, written as OpenAI writes it: `24h`, `2h`, `90m`.
public struct CompletionWindow: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Whole seconds, 60 ... 2,592,000 (30 days).
    public let seconds: Int64
    public let text: String

    public static let twoHours = CompletionWindow(uncheckedSeconds: 7_200, text: "2h")
    public static let eightHours = CompletionWindow(uncheckedSeconds: 28_800, text: "8h")
    public static let day = CompletionWindow(uncheckedSeconds: 86_400, text: "24h")

    private init(uncheckedSeconds: Int64, text: String) {
        self.seconds = uncheckedSeconds
        self.text = text
    }

    /// Reads a number followed by `m`, `h` or `d`.
    public init(_ text: some StringProtocol) throws(QuantityError) {
        guard let unit = text.last, let count = Int64(text.dropLast()), count > 0, count <= 1_000_000 else {
            throw .malformed(String(text))
        }
        let scale: Int64
        switch unit {
        case "m": scale = 60
        case "h": scale = 3_600
        case "d": scale = 86_400
        default: throw .malformed(String(text))
        }
        guard (60...2_592_000).contains(count * scale) else { throw .outOfRange(String(text)) }
        self.seconds = count * scale
        self.text = String(text)
    }

    public var duration: Duration { .seconds(self.seconds) }
    public var description: String { self.text }
    public static func < (a: Self, b: Self) -> Bool { a.seconds < b.seconds }
}
