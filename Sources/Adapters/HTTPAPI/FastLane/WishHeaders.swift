import Gateway
import NIOHTTP1
import OpenAIWire
import Quantities
import Scheduling

/// What the headers of a request say about time: SDKs tell their time limit (openai-api 1.6), `Ebb-Deadline` when the
/// answer is due, `Ebb-Fallback` the tier to go on in, `Ebb-Keep-Alive` that a stream wants comments while it waits.
enum WishHeaders {
    /// The most that a header's duration may be.
    static let durationMax: Duration = .seconds(30 * 86_400)

    /// - Throws: `invalid_value` with the header's name.
    static func read(_ headers: HTTPHeaders, now: Instant) throws(GatewayError) -> ServiceWishes {
        var wishes = ServiceWishes()
        for (name, value) in headers {
            // Nearly every header is none of these; the first letter and the length tell.
            guard let first = name.utf8.first, name.utf8.count >= 12 else { continue }
            switch first | 0x20 {
            case UInt8(ascii: "x"):
                let lower = name.lowercased()
                // Telemetry of SDKs: what cannot be read is not worth an error.
                if lower == "x-stainless-read-timeout" || lower == "x-stainless-timeout",
                    let seconds = Double(value), seconds > 0, seconds < 86_400
                {
                    wishes.clientTimeout = .milliseconds(Int64(seconds * 1_000))
                }
            case UInt8(ascii: "e"):
                let lower = name.lowercased()
                let value = Self.trimmed(value)
                if lower == "ebb-deadline" { wishes.deadline = try self.deadline(value, now: now) }
                if lower == "ebb-keep-alive" { wishes.keepAlive = try self.keepAlive(value) }
                if lower == "ebb-fallback" {
                    wishes.declinesFallback = value == "none"
                    wishes.fallback = wishes.declinesFallback ? nil : try self.fallback(value)
                }
            default: continue
            }
        }
        return wishes
    }

    /// White space around a value is not part of it (RFC 9110, section 5.5).
    private static func trimmed(_ value: String) -> String {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        guard value.first.map(isBlank) == true || value.last.map(isBlank) == true else { return value }
        return String(value.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// `500ms`, `90s`, `10m`, `2h`, `1d` from now, or a moment as RFC 3339 writes it: a day alone is none. At most
    /// `durationMax` from now.
    private static func deadline(_ text: String, now: Instant) throws(GatewayError) -> Instant {
        if let duration = self.duration(text) { return now.advanced(by: duration) }
        if text.utf8.count > 10, let moment = try? Instant(rfc3339: text), moment > now,
            moment.since(now) <= Self.durationMax
        {
            return moment
        }
        throw .invalid(
            "Invalid Ebb-Deadline: '\(text)'. Write a duration (90s, 10m, 2h) or a moment to come "
                + "(2026-11-22T08:00:00Z), 30 days from now at most.",
            param: "ebb-deadline", code: "invalid_value")
    }

    /// `1s` to `60s`, or `1m`.
    private static func keepAlive(_ text: String) throws(GatewayError) -> Duration {
        if let interval = self.duration(text), interval >= .seconds(1), interval <= .seconds(60) { return interval }
        throw .invalid(
            "Invalid Ebb-Keep-Alive: '\(text)'. Write the time between two comments, 1s to 60s.",
            param: "ebb-keep-alive", code: "invalid_value")
    }

    /// `default`, or `default;after=30s`.
    private static func fallback(_ text: String) throws(GatewayError) -> TierFallback {
        let parts = text.split(separator: ";").map { $0.drop { $0 == " " } }
        guard let tier = parts.first, !tier.isEmpty else { throw Self.malformedFallback(text) }
        // The spoken word for the tier without extras.
        let name = tier == "standard" ? TierName.standard : TierName(String(tier))
        guard parts.count > 1 else { return TierFallback(tier: name) }
        guard parts.count == 2, parts[1].hasPrefix("after="), let after = self.duration(String(parts[1].dropFirst(6)))
        else { throw Self.malformedFallback(text) }
        return TierFallback(tier: name, after: after)
    }

    private static func malformedFallback(_ text: String) -> GatewayError {
        .invalid(
            "Invalid Ebb-Fallback: '\(text)'. Write a tier, and after which wait: default;after=30s. "
                + "Or none, where the project's own rule is not wished.",
            param: "ebb-fallback", code: "invalid_value")
    }

    private static func duration(_ text: String) -> Duration? {
        let isMilliseconds = text.hasSuffix("ms")
        guard let unit = text.last, let count = Int64(text.dropLast(isMilliseconds ? 2 : 1)), count > 0,
            count < 10_000_000
        else { return nil }
        if isMilliseconds { return .milliseconds(count) }
        let scale: Int64
        switch unit {
        case "s": scale = 1
        case "m": scale = 60
        case "h": scale = 3_600
        case "d": scale = 86_400
        default: return nil
        }
        let duration = Duration.seconds(count * scale)
        return duration <= Self.durationMax ? duration : nil
    }
}
