import ConfigurationYAML
import Foundation
import Gateway
import Pricing
import Quantities

/// The background hours of engines and models, with time zones as they are at each moment.
struct ConfiguredHours: Sendable {
    private typealias Hours = (zone: TimeZone, rules: [PriceSchedule.Rule])

    /// Of engines, and of models on one engine.
    private var places: [BackgroundPlace: Hours] = [:]
    /// Of models on all their engines.
    private var models: [String: Hours] = [:]

    /// - Throws: for a time zone that this machine does not know, with its line.
    init(_ engines: [EngineConfiguration], _ models: [ModelConfiguration] = []) throws(ConfigurationError) {
        for engine in engines {
            guard let hours = engine.backgroundHours else { continue }
            self.places[BackgroundPlace(engine.name)] = try Self.read(hours, path: "engines.\(engine.name)")
        }
        for model in models {
            let path = "models.\(model.name)"
            if let hours = model.backgroundHours { self.models[model.name] = try Self.read(hours, path: path) }
            for (number, target) in model.targets.enumerated() {
                guard let hours = target.backgroundHours else { continue }
                self.places[BackgroundPlace(target.engine, model: model.name)] = try Self.read(
                    hours, path: "\(path).engines[\(number)]")
            }
        }
    }

    private static func read(_ hours: BackgroundHours, path: String) throws(ConfigurationError) -> Hours {
        let zone: TimeZone?
        switch hours.zone {
        case .offset(let seconds): zone = TimeZone(secondsFromGMT: seconds)
        case .named(let name): zone = TimeZone(identifier: name)
        }
        guard let zone else {
            throw ConfigurationError(
                "unknown time zone '\(hours.zone)'; write a name such as Europe/Berlin, or utc_offset",
                path: "\(path).background_hours.zone", at: hours.place)
        }
        return (zone, hours.rules)
    }

    /// nil: background work runs at any hour; for a model: at the hours of its engine.
    func schedule(_ place: BackgroundPlace, at now: Instant) -> PriceSchedule? {
        guard let (zone, rules) = self.places[place] ?? place.model.flatMap({ self.models[$0] }) else { return nil }
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(now.seconds)))
        return PriceSchedule(name: place.model ?? place.engine.text, utcOffsetSeconds: offset, rules: rules)
    }
}
