/// Calendar arithmetic in UTC with a fixed offset, without a time-zone database.
///
/// Algorithm: days from civil and back, proleptic Gregorian (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
public struct CivilTime: Hashable, Sendable {
    public var year: Int
    /// 1...12
    public var month: Int
    /// 1...31
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int

    public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The calendar reading of `instant` at `utcOffsetSeconds` east of UTC.
    public init(_ instant: Instant, utcOffsetSeconds: Int = 0) {
        let total = instant.seconds + Int64(utcOffsetSeconds)
        var days = total / 86_400
        var rest = total % 86_400
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        self.day = Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1)
        self.month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
        self.year = Int(yearOfEra + era * 400) + (self.month <= 2 ? 1 : 0)
        self.hour = Int(rest / 3_600)
        self.minute = Int(rest % 3_600 / 60)
        self.second = Int(rest % 60)
    }

    /// Days since 1970-01-01.
    public var daysSinceEpoch: Int64 {
        let y = Int64(self.month <= 2 ? self.year - 1 : self.year)
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let m = Int64(self.month)
        let dayOfYear = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + Int64(self.day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The moment this reading names at `utcOffsetSeconds` east of UTC.
    public func instant(utcOffsetSeconds: Int = 0) -> Instant {
        let seconds = self.daysSinceEpoch * 86_400 + Int64(self.hour * 3_600 + self.minute * 60 + self.second)
        return Instant(seconds: seconds - Int64(utcOffsetSeconds))
    }

    /// ISO weekday of a day counted from 1970-01-01: 1 is Monday, 7 is Sunday.
    public static func weekday(ofDay day: Int64) -> Int {
        let offset = (day + 3) % 7
        return Int(offset < 0 ? offset + 7 : offset) + 1
    }
}

extension Instant {
    /// RFC 3339 in UTC to the second: `2026-11-22T01:10:55Z`.
    public var rfc3339: String {
        let t = CivilTime(self)
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        let year = String(repeating: "0", count: max(0, 4 - String(t.year).count)) + String(t.year)
        return "\(year)-\(two(t.month))-\(two(t.day))T\(two(t.hour)):\(two(t.minute)):\(two(t.second))Z"
    }

    /// Years whose every moment is an `Instant`.
    private static let years = 1678...2261

    /// Reads `2026-11-22`, `2026-11-22T01:10Z`, `2026-11-22T01:10:55.5+05:30`; a missing zone is UTC.
    ///
    /// Years from 1678 to 2261: nanoseconds in 64 bits reach no further.
    public init(rfc3339 text: some StringProtocol) throws(QuantityError) {
        let bytes = Array(text.utf8)
        var position = 0
        func fail() -> QuantityError { .malformed(String(text)) }
        func number(_ width: Int) throws(QuantityError) -> Int {
            guard position + width <= bytes.count else { throw fail() }
            var value = 0
            for byte in bytes[position..<position + width] {
                guard byte >= 48, byte <= 57 else { throw fail() }
                value = value * 10 + Int(byte - 48)
            }
            position += width
            return value
        }
        func accept(_ ascii: String) -> Bool {
            guard position < bytes.count, ascii.utf8.contains(bytes[position]) else { return false }
            position += 1
            return true
        }
        var time = CivilTime(year: try number(4), month: 1, day: 1)
        guard accept("-") else { throw fail() }
        time.month = try number(2)
        guard accept("-") else { throw fail() }
        time.day = try number(2)
        var nanoseconds: Int64 = 0
        var offset = 0
        if accept("Tt ") {
            time.hour = try number(2)
            guard accept(":") else { throw fail() }
            time.minute = try number(2)
            if accept(":") { time.second = try number(2) }
            if accept(".") {
                var scale: Int64 = 100_000_000
                while position < bytes.count, bytes[position] >= 48, bytes[position] <= 57 {
                    nanoseconds += Int64(bytes[position] - 48) * scale
                    scale /= 10
                    position += 1
                }
            }
            if !accept("Zz"), position < bytes.count {
                let east = bytes[position] == UInt8(ascii: "+")
                guard accept("+-") else { throw fail() }
                let hours = try number(2)
                _ = accept(":")
                offset = (hours * 3_600 + (try number(2)) * 60) * (east ? 1 : -1)
            }
        }
        guard position == bytes.count, Self.years.contains(time.year), (1...12).contains(time.month),
            (1...31).contains(time.day), time.hour < 24,
            time.minute < 60, time.second <= 60
        else { throw fail() }
        let whole = time.instant(utcOffsetSeconds: offset)
        self.init(nanoseconds: whole.nanoseconds + nanoseconds)
        let normalised = CivilTime(whole, utcOffsetSeconds: offset)
        guard normalised.day == time.day || time.second == 60 else { throw fail() }
    }
}
