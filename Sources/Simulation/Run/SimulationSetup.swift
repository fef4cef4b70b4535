public import Quantities
public import Scheduling

/// What is simulated: load, engines, policy.
public struct SimulationSetup: Sendable {
    /// Who decides what is sent when.
    public enum Policy: Hashable, Sendable {
        /// Ebb's scheduler.
        case ebb(Protection)
        /// No gateway: everything goes to the engine at once.
        case flood
        /// The same with the engine's own priorities.
        case floodWithPriority
        /// Interactive requests only; batches are left out. What the others are compared with.
        case alone
    }

    public var trace: Trace
    public var batches: [SimulatedBatch]
    public var shape: SteppedEngineShape
    public var engines: Int
    public var policy: Policy
    /// Nanoseconds of simulated time.
    public var duration: Int64
    /// The engine's waiting count is told this often, nanoseconds; nil: never.
    public var sampleEvery: Int64?
    /// Age of what is told then.
    public var sampleAge: Int64
    /// Limit of requests in flight to begin with; nil: the engine's slots.
    public var limitStart: Int?
    /// The limit stays as it begins.
    public var hasFixedLimit: Bool
    /// Slots that the engine has from half time on.
    public var slotsAtHalfTime: Int?
    public var weights: [ProjectID: Double]
    /// How long answers are taken to be beforehand; nil: as long as those before were on average.
    public var expectedOutput: Int?
    /// How long flex requests wait at most.
    public var flexPatience: Duration
    /// What requests are charged; nil: nothing.
    public var prices: SimulatedPrices?
    /// Lines that begin alike go to one engine, as the gateway sends them; false: the next line of a batch goes to
    /// whichever engine has room.
    public var groupsByEngine: Bool
    /// What goes wrong, and when.
    public var incidents: [Incident]
    /// Keeps what the scheduler was told and what it said, for ``EventLog/replayed()``.
    public var keepsLog: Bool

    public init(
        trace: Trace, batches: [SimulatedBatch] = [], shape: SteppedEngineShape = .h100, engines: Int = 1,
        policy: Policy = .ebb(.balanced), duration: Int64? = nil
    ) {
        self.trace = trace
        self.batches = batches
        self.shape = shape
        self.engines = max(1, engines)
        self.policy = policy
        self.duration = duration ?? trace.span
        self.sampleEvery = 1_000_000_000
        self.sampleAge = 0
        self.limitStart = nil
        self.hasFixedLimit = false
        self.slotsAtHalfTime = nil
        self.weights = [:]
        self.expectedOutput = nil
        self.flexPatience = .seconds(300)
        self.prices = nil
        self.groupsByEngine = false
        self.incidents = []
        self.keepsLog = false
    }
}
