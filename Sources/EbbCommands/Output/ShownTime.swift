import OpenAIWire
import Quantities

/// Times as people read and write them.
enum ShownTime {
    /// `2026-11-22T02:47:10Z`: whole seconds, UTC.
    static func text(_ instant: Instant) -> String { Instant(seconds: instant.seconds).rfc3339 }

    /// A member in seconds since 1970; nil when null or absent.
    static func text(_ value: JSONValue?) -> String? { value?.integer.map { self.text(Instant(seconds: $0)) } }

    /// Reads `2026-11-22`, `2026-11-22T08:00:00Z`, or a time ago: `90m`, `24h`, `7d`.
    static func parse(_ text: String, now: Instant, option: String) throws(CommandFailure) -> Instant {
        if let ago = try? CompletionWindow(text) { return now.advanced(by: .zero - ago.duration) }
        if let moment = try? Instant(rfc3339: text) { return moment }
        if let day = try? Instant(rfc3339: text + "T00:00:00Z") { return day }
        throw CommandFailure("\(option) '\(text)' is not a date, a time such as 2026-11-22T08:00:00Z, or 24h (ago)")
    }

    /// Reads a waiting time in seconds: `3600`, `90m`, `24h`, `30d`.
    static func seconds(_ text: String, option: String) throws(CommandFailure) -> Int64 {
        if let seconds = Int64(text), seconds > 0 { return seconds }
        if let window = try? CompletionWindow(text) { return window.seconds }
        throw CommandFailure("\(option) '\(text)' is not a time such as 24h, 30d or a number of seconds")
    }
}
