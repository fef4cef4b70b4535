import Pricing

/// Reads the hours of the week in which background work runs: an engine's, a model's, or a model's on one engine.
enum BackgroundHoursReader {
    /// `{zone: Europe/Berlin, rules: [{days, hours}]}`, or `utc_offset`; rules are those of a price schedule.
    static func hours(_ value: YAMLValue) throws(ConfigurationError) -> BackgroundHours {
        let fields = try value.fields(["zone", "utc_offset", "rules"])
        var zone = BackgroundHours.Zone.offset(0)
        if let value = fields["zone"] {
            guard fields["utc_offset"] == nil else { throw value.error("needs either 'zone' or 'utc_offset'") }
            zone = .named(try value.name())
        } else if let value = fields["utc_offset"] {
            zone = .offset(try PriceScheduleReader.offset(value))
        }
        var rules: [PriceSchedule.Rule] = []
        for element in try fields.required("rules").elementsOrOne() {
            rules.append(try PriceScheduleReader.rule(element, holidays: [:]))
        }
        guard !rules.isEmpty else { throw value.error("needs at least one rule") }
        return .init(zone: zone, rules: rules, place: (fields["zone"] ?? value).place)
    }
}
