import Pricing
import Quantities

/// Reads the recurring hours of a price schedule.
enum PriceScheduleReader {
    /// `{from, to, days, hours, except}`: `hours: [09:00-12:00, 14:00-18:00]`, `days: mon-fri` or `[sat, sun]`.
    static func rule(
        _ value: YAMLValue, holidays: [String: Set<Int64>]
    ) throws(ConfigurationError) -> PriceSchedule.Rule {
        let fields = try value.fields(["from", "to", "days", "hours", "except", "note"])
        var rule = PriceSchedule.Rule(hours: [])
        if let from = fields["from"] { rule.validFrom = try from.instant() }
        if let to = fields["to"] { rule.validTo = try to.instant() }
        if let days = fields["days"] {
            rule.weekdays = []
            for element in try days.elementsOrOne() { rule.weekdays.formUnion(try self.weekdays(element)) }
        }
        for element in try fields.required("hours").elementsOrOne() { rule.hours.append(try self.hours(element)) }
        for element in try fields["except"]?.elementsOrOne() ?? [] {
            let name = try element.name()
            guard let days = holidays[name] else { throw element.unknown("list of holidays", name, holidays.keys) }
            rule.exceptDays.formUnion(days)
        }
        return rule
    }

    /// `+08:00`, `-05:30`, `Z`.
    static func offset(_ value: YAMLValue) throws(ConfigurationError) -> Int {
        let text = try value.text()
        if text == "Z" { return 0 }
        let sign = text.first == "-" ? -1 : 1
        guard let first = text.first, first == "+" || first == "-", let seconds = self.clock(text.dropFirst()),
            seconds <= 14 * 3_600
        else { throw value.error("'\(text)' is not an offset such as \"+08:00\" or Z") }
        return sign * seconds
    }

    private static func hours(_ value: YAMLValue) throws(ConfigurationError) -> PriceSchedule.Hours {
        let text = try value.text()
        let parts = text.split(separator: "-")
        guard parts.count == 2, let start = self.clock(parts[0]), let end = self.clock(parts[1]), start < 86_400
        else { throw value.error("'\(text)' are no hours such as 09:00-12:00") }
        guard start != end else { throw value.error("'\(text)' ends as it begins; the whole day is 00:00-24:00") }
        return .init(start: start, end: end)
    }

    /// Seconds of `HH:MM`, up to `24:00`.
    private static func clock(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
            let minute = Int(parts[1]), (0...59).contains(minute), hour >= 0, hour * 60 + minute <= 1_440
        else { return nil }
        return hour * 3_600 + minute * 60
    }

    private static let weekdayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    private static func weekdays(_ value: YAMLValue) throws(ConfigurationError) -> Set<Int> {
        let text = try value.text()
        let indexes = text.lowercased().split(separator: "-").map { self.weekdayNames.firstIndex(of: String($0)) }
        switch (indexes.first ?? nil, indexes.last ?? nil, indexes.count) {
        case (let day?, _, 1):
            return [day + 1]
        case (let first?, let last?, 2):
            let span = (last - first + 7) % 7
            return Set((0...span).map { (first + $0) % 7 + 1 })
        default:
            throw value.error("'\(text)' is not a weekday or a range such as mon-fri")
        }
    }
}
