public import Quantities

/// The queue that a tier's work waits in; the order of the cases is the order of service.
public enum Lane: Int, Sendable, CaseIterable, Comparable {
    case priority
    case standard
    case flex
    case batch

    /// Interactive work is sent as soon as an engine has room, and background work makes room for it.
    public var isInteractive: Bool { self <= .standard }

    /// The shipped tier that gives this lane its name.
    public var tier: TierName {
        switch self {
        case .priority: .priority
        case .standard: .standard
        case .flex: .flex
        case .batch: .batch
        }
    }

    public static func < (a: Lane, b: Lane) -> Bool { a.rawValue < b.rawValue }
}

/// The order of background work once deadlines are looked at: a batch that is late moves past its lane.
public enum Rank: Int, Sendable, Comparable {
    /// Batches that cannot meet their deadline at the present rate.
    case critical
    /// Flex, and batches that are about to be late.
    case flex
    case batch

    public static func < (a: Rank, b: Rank) -> Bool { a.rawValue < b.rawValue }
}
