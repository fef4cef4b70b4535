public import Quantities

/// What the scheduler knows of an engine beforehand.
public struct EngineProfile: Hashable, Sendable {
    public let id: EngineID
    /// Requests in flight to begin with.
    public var limitStart: Int
    /// Requests in flight at most, whatever the engine seems to bear.
    public var limitMax: Int
    /// Tokens that fit into the engine's memory; nil: unknown.
    public var memoryTokens: Int?
    /// Our own engine: its work can be cancelled for nothing but the work itself. A bought one bills what it was asked.
    public var isOwned: Bool
    /// The limit is as configured and does not adapt.
    public var isFixed: Bool
    public var protection: Protection
    /// Nobody told how much it bears. Interactive requests are not held back by a guess: they would wait here for room
    /// that the engine has.
    public var isGuess: Bool

    public init(
        id: EngineID, limitStart: Int, limitMax: Int, memoryTokens: Int? = nil, isOwned: Bool = true,
        isFixed: Bool = false, protection: Protection = .balanced, isGuess: Bool = false
    ) {
        self.id = id
        self.limitStart = max(1, limitStart)
        self.limitMax = max(self.limitStart, limitMax)
        self.memoryTokens = memoryTokens
        self.isOwned = isOwned
        self.isFixed = isFixed
        self.protection = protection
        self.isGuess = isGuess
    }
}

/// How much slower interactive requests may get for the sake of background work.
public enum Protection: Hashable, Sendable {
    /// The time between tokens may grow by this factor, over 1 (1.25: a quarter longer).
    case gapRatio(Double)
    /// Times that must hold, whatever the ratio.
    case objective(firstToken: Duration, gap: Duration)
    /// No limit but the reserve: as much background work as fits.
    case none
    /// This many background requests at most, whatever the engine says and however long nobody has come; only deadlines
    /// that press raise it. What the experiments compare the steered ones with: it is not among the settings.
    case fixed(Int)

    public static let protect = Protection.gapRatio(1.10)
    public static let balanced = Protection.gapRatio(1.20)
    public static let throughput = Protection.gapRatio(1.5)

    /// Interactive requests come first, whatever it costs: `protect` and below.
    var isCareful: Bool { if case .gapRatio(let target) = self { target < 1.15 } else { false } }
}

/// What an engine's metrics said at one moment.
public struct EngineSample: Hashable, Sendable {
    /// Requests that wait inside the engine.
    public var waiting: Int
    /// Requests that it works on.
    public var running: Int
    /// When it was so; an old sample is not used.
    public var at: Instant

    public init(waiting: Int, running: Int, at: Instant) {
        self.waiting = waiting
        self.running = running
        self.at = at
    }
}
