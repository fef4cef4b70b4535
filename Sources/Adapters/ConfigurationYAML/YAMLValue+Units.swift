import Quantities

extension YAMLValue {
    /// A number with a unit of time: `500ms`, `10s`, `5m`, `24h`, `30d`.
    func duration(_ range: ClosedRange<Duration>) throws(ConfigurationError) -> Duration {
        let text = try self.text()
        let units: [(String, Int64)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        for (suffix, milliseconds) in units where text.hasSuffix(suffix) {
            guard let count = Int64(text.dropLast(suffix.count)), count >= 0, count <= 1_000_000_000 else { continue }
            let value = Duration.milliseconds(count * milliseconds)
            guard range.contains(value) else {
                throw self.error("must lie between \(range.lowerBound) and \(range.upperBound), not \(text)")
            }
            return value
        }
        throw self.error("'\(text)' is not a duration such as 500ms, 10s, 5m, 24h or 30d")
    }

    /// A time within which a batch is to end: `24h`, `2h`, `90m`.
    func completionWindow() throws(ConfigurationError) -> CompletionWindow {
        let text = try self.name()
        do throws(QuantityError) {
            return try CompletionWindow(text)
        } catch {
            throw self.error("'\(text)' is not a completion window such as 24h, 2h or 90m (1 minute to 30 days)")
        }
    }

    /// A number of bytes: `1048576`, `64KB`, `32MB`, `1GB`, in powers of 1,024.
    func bytes(_ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try self.text()
        var digits = Substring(text)
        var scale = 1
        for (suffix, size) in [("KB", 1_024), ("MB", 1_048_576), ("GB", 1_073_741_824), ("B", 1)]
        where text.hasSuffix(suffix) {
            digits = text.dropLast(suffix.count)
            scale = size
            break
        }
        guard let count = Int(digits.filter { $0 != " " && $0 != "_" }), count >= 0, count <= 1 << 32 else {
            throw self.error("'\(text)' is not a size such as 65536, 64KB, 32MB or 1GB")
        }
        guard range.contains(count * scale) else {
            throw self.error(
                "must lie between \(range.lowerBound) and \(range.upperBound) bytes, not \(count * scale)")
        }
        return count * scale
    }

    /// A date or a moment: `2026-11-22` (midnight UTC), `2026-11-22T16:00Z`, `2027-03-01T00:00-08:00`.
    func instant() throws(ConfigurationError) -> Instant {
        let text = try self.text()
        do throws(QuantityError) {
            return try Instant(rfc3339: text)
        } catch {
            throw self.error("'\(text)' is not a date such as 2026-11-22 or 2026-11-22T16:00Z")
        }
    }

    /// A calendar day, counted from 1970-01-01.
    func day() throws(ConfigurationError) -> Int64 {
        try Self.day(self.text(), self)
    }

    /// A day, or a range of days `2026-10-01..2026-10-07` with both ends.
    func days() throws(ConfigurationError) -> ClosedRange<Int64> {
        let text = try self.text()
        guard let gap = text.firstRange(of: "..") else {
            let day = try Self.day(text, self)
            return day...day
        }
        let first = try Self.day(String(text[..<gap.lowerBound]), self)
        let last = try Self.day(String(text[gap.upperBound...]), self)
        guard first <= last, last - first <= 366 else { throw self.error("'\(text)' is not a range of days") }
        return first...last
    }

    private static func day(_ text: String, _ value: YAMLValue) throws(ConfigurationError) -> Int64 {
        guard text.utf8.count == 10 else { throw value.error("'\(text)' is not a day such as 2026-11-22") }
        do throws(QuantityError) {
            return CivilTime(try Instant(rfc3339: text)).daysSinceEpoch
        } catch {
            throw value.error("'\(text)' is not a day such as 2026-11-22")
        }
    }
}
