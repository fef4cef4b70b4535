public import Pricing

/// Hours of the week in which background work runs.
public struct BackgroundHours: Hashable, Sendable {
    public enum Zone: Hashable, Sendable, CustomStringConvertible {
        /// Seconds east of UTC.
        case offset(Int)
        /// A name of the time zone database, `Europe/Berlin`; not looked up yet.
        case named(String)

        public var description: String {
            switch self {
            case .offset(let seconds): "\(seconds) s"
            case .named(let name): name
            }
        }
    }

    public var zone: Zone
    public var rules: [PriceSchedule.Rule]
    public var place: ConfigurationError.Place
}
