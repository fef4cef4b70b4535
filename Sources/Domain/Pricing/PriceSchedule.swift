public import Quantities

/// Recurring hours with a price of their own (peak, off-peak): hours of the day on days of the week, in one zone.
///
/// Every range contains its start and not its end. The rules are dated, so that a schedule keeps its history.
public struct PriceSchedule: Hashable, Sendable {
    /// Seconds of the local day, 0 ..< 86,400. A range that ends at or before its start runs past midnight and
    /// belongs to the day on which it starts.
    public struct Hours: Hashable, Sendable {
        public let start: Int
        public let end: Int

        public init(start: Int, end: Int) {
            self.start = start
            self.end = end
        }
    }

    /// Which hours and days apply during one period.
    public struct Rule: Hashable, Sendable {
        public var validFrom: Instant
        public var validTo: Instant
        /// ISO weekdays, 1 is Monday ... 7 is Sunday.
        public var weekdays: Set<Int>
        public var hours: [Hours]
        /// Local days, counted from 1970-01-01, on which the hours do not apply.
        public var exceptDays: Set<Int64>

        public init(
            validFrom: Instant = Instant(nanoseconds: .min), validTo: Instant = Instant(nanoseconds: .max),
            weekdays: Set<Int> = [1, 2, 3, 4, 5, 6, 7], hours: [Hours], exceptDays: Set<Int64> = []
        ) {
            self.validFrom = validFrom
            self.validTo = validTo
            self.weekdays = weekdays
            self.hours = hours
            self.exceptDays = exceptDays
        }

        func appliesOn(day: Int64) -> Bool {
            self.weekdays.contains(CivilTime.weekday(ofDay: day)) && !self.exceptDays.contains(day)
        }
    }

    public let name: String
    /// Seconds east of UTC.
    public let utcOffsetSeconds: Int
    public let rules: [Rule]

    public init(name: String, utcOffsetSeconds: Int, rules: [Rule]) {
        self.name = name
        self.utcOffsetSeconds = utcOffsetSeconds
        self.rules = rules
    }

    /// Whether `instant` lies inside the hours.
    public func contains(_ instant: Instant) -> Bool {
        let local = instant.seconds + Int64(self.utcOffsetSeconds)
        var day = local / 86_400
        var second = Int(local % 86_400)
        if second < 0 {
            second += 86_400
            day -= 1
        }
        for rule in self.rules where rule.validFrom <= instant && instant < rule.validTo {
            for hours in rule.hours {
                if hours.start < hours.end {
                    if second >= hours.start, second < hours.end, rule.appliesOn(day: day) { return true }
                } else if second >= hours.start {
                    if rule.appliesOn(day: day) { return true }
                } else if second < hours.end, rule.appliesOn(day: day - 1) {
                    return true
                }
            }
        }
        return false
    }

    /// The first moment after `instant` at which the hours begin; nil when that is more than two weeks away.
    public func nextStart(after instant: Instant) -> Instant? {
        guard !self.contains(instant) else { return instant }
        let today = (instant.seconds + Int64(self.utcOffsetSeconds)) / 86_400
        var first: Instant?
        for rule in self.rules {
            var starts = [rule.validFrom]
            for day in today...today + 14 {
                for hours in rule.hours {
                    starts.append(Instant(seconds: day * 86_400 + Int64(hours.start - self.utcOffsetSeconds)))
                }
            }
            for start in starts where start > instant && start < first ?? Instant(nanoseconds: .max) {
                if self.contains(start) { first = start }
            }
        }
        return first
    }

    var isValid: Bool {
        !self.name.isEmpty && abs(self.utcOffsetSeconds) <= 14 * 3_600
            && self.rules.allSatisfy { rule in
                rule.validFrom < rule.validTo && rule.weekdays.allSatisfy { (1...7).contains($0) }
                    && rule.hours.allSatisfy { (0..<86_400).contains($0.start) && (0...86_400).contains($0.end) }
            }
    }
}
