/// When a file shall expire: seconds after its creation (openai-api 2.2).
public struct ExpiresAfter: Hashable, Sendable {
    /// One hour to thirty days.
    public static let secondsRange: ClosedRange<Int64> = 3600...2_592_000

    public let seconds: Int64

    /// Reads the object `{"anchor":"created_at","seconds":…}`; nil when absent or null.
    public static func parse(_ value: JSONValue?, param: String) throws(RequestError) -> ExpiresAfter? {
        guard let value, value != .null else { return nil }
        guard value.kind == .object else {
            throw .invalidType(param, expected: "an object", got: value.kind.phrase)
        }
        guard let anchor = value["anchor"], anchor != .null else { throw .missingParameter("\(param).anchor") }
        guard let anchorText = anchor.string else {
            throw .invalidType("\(param).anchor", expected: "a string", got: anchor.kind.phrase)
        }
        guard let seconds = value["seconds"], seconds != .null else { throw .missingParameter("\(param).seconds") }
        guard let count = seconds.integer else {
            throw .invalidType("\(param).seconds", expected: "an integer", got: seconds.kind.phrase)
        }
        return try ExpiresAfter(anchor: anchorText, seconds: count, param: param)
    }

    private init(anchor: String, seconds: Int64, param: String) throws(RequestError) {
        guard anchor == "created_at" else {
            throw .invalidValue("\(param).anchor", got: anchor, supported: ["created_at"])
        }
        if seconds < Self.secondsRange.lowerBound {
            throw .belowMinimum("\(param).seconds", minimum: Self.secondsRange.lowerBound, got: String(seconds))
        }
        if seconds > Self.secondsRange.upperBound {
            throw .aboveMaximum("\(param).seconds", maximum: Self.secondsRange.upperBound, got: String(seconds))
        }
        self.seconds = seconds
    }
}
