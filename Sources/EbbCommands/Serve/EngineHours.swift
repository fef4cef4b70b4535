import ConfigurationYAML
import Foundation
import Pricing
import Quantities

/// The background hours of engines, with time zones as they are at each moment.
struct EngineHours: Sendable {
    private var hours: [EngineID: (zone: TimeZone, rules: [PriceSchedule.Rule])] = [:]

    /// - Throws: for a time zone that this machine does not know, with its line.
    init(_ engines: [EngineConfiguration]) throws(ConfigurationError) {
        for engine in engines {
            guard let configured = engine.backgroundHours else { continue }
            let zone: TimeZone?
            switch configured.zone {
            case .offset(let seconds): zone = TimeZone(secondsFromGMT: seconds)
            case .named(let name): zone = TimeZone(identifier: name)
            }
            guard let zone else {
                throw ConfigurationError(
                    "unknown time zone '\(configured.zone)'; write a name such as Europe/Berlin, or utc_offset",
                    path: "engines.\(engine.name).background_hours.zone", at: configured.place)
            }
            self.hours[engine.name] = (zone, configured.rules)
        }
    }

    /// nil: background work runs at any hour.
    func schedule(_ engine: EngineID, at now: Instant) -> PriceSchedule? {
        guard let (zone, rules) = self.hours[engine] else { return nil }
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(now.seconds)))
        return PriceSchedule(name: engine.text, utcOffsetSeconds: offset, rules: rules)
    }
}
