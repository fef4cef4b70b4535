import Quantities

/// Reads how long an engine asks us to wait (RFC 9110, section 10.2.3; `retry-after-ms` is OpenAI's).
package enum RetryAfter {
    /// More is taken for this much: one bad header must not close an engine for days.
    package static let longest: Duration = .seconds(3_600)

    /// - Parameter header: a header of the answer by its lower-case name.
    /// - Returns: 0 to `longest`; nil where the engine says nothing that can be read.
    package static func read(_ header: (String) -> String?) -> Duration? {
        if let milliseconds = header("retry-after-ms").flatMap(Self.number) {
            return Self.bounded(milliseconds / 1_000)
        }
        guard let text = header("retry-after") else { return nil }
        if let seconds = Self.number(text) { return Self.bounded(seconds) }
        // By the engine's own clock, which need not be ours.
        if let until = Self.moment(text), let now = header("date").flatMap(Self.moment) {
            return Self.bounded(until.seconds(since: now))
        }
        // Two proxies that each put theirs: the longer one.
        let parts = text.split(separator: ",").map { Self.number(String($0)) }
        guard parts.count > 1, !parts.contains(nil) else { return nil }
        return parts.compactMap(\.self).max().map(Self.bounded)
    }

    private static func number(_ text: String) -> Double? {
        let digits = text.drop { $0 == " " }
        // `Double` reads `inf` and `nan`, too.
        guard digits.first.map({ $0.isNumber || $0 == "." }) == true, let number = Double(digits) else { return nil }
        return number
    }

    private static func bounded(_ seconds: Double) -> Duration {
        .seconds(min(Self.longest.secondsApproximate, max(0, seconds)))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 22 Nov 2026 07:28:00 GMT`: the one form of a date that is sent.
    private static func moment(_ text: String) -> Instant? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = Self.months.firstIndex(where: { $0 == parts[2] })
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return try? Instant(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }
}
