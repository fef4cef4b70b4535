public import Batching
public import Logging
public import Scheduling

/// What every batch execution needs from the process around it.
public struct BatchContext: Sendable {
    public typealias Stores = BatchStore & FileStore

    /// What becomes of a batch whose cost limit has no room for another line.
    public enum AtCostLimit: Sendable {
        /// It is cancelled with an error that says why; lines that did not run stand in its error file.
        case end
        /// It leaves the runner as it stands, to be taken up again under a higher limit.
        case park
    }

    public var store: any Stores
    /// Where the fates of lines are made durable.
    public var commits: any CommitLog
    public var blobs: any BlobStore
    public var engines: BatchEngines
    public var directory: EngineDirectory
    public var client: any EngineClient
    public var pricer: Pricer
    public var meters: any Meters
    /// Spend caps of projects: lines are held against them like interactive requests.
    public var holds: Holds
    public var clock: any GatewayClock
    public var timers: any Timers
    public var randomness: any Randomness
    public var limits: GatewayLimits
    public var policy: RetryPolicy
    /// `prefix`, or the file's own order.
    public var ordersByPrefix: Bool
    public var atCostLimit = AtCostLimit.end
    /// A batch fails validation whose window has no price for its model, while other tiers have one (decision 0015).
    public var refusesUnpricedWindows = false
    /// Which tiers are whose, and which models have them.
    public var tiers: @Sendable () -> TierTable = { .shipped }
    /// The ways of lines that have ended.
    public var history = RequestHistory()
    /// nil: this process keeps no spans.
    public var tracer: Tracer?
    let unpriced = UnpricedNotices()
    /// The boot epoch of this process.
    public var epoch: Int64
    public var logger: Logger

    public init(
        store: any Stores, commits: any CommitLog, blobs: any BlobStore, engines: BatchEngines,
        directory: EngineDirectory, client: any EngineClient, pricer: Pricer, meters: any Meters, holds: Holds,
        clock: any GatewayClock, timers: any Timers, randomness: any Randomness,
        limits: GatewayLimits = GatewayLimits(), policy: RetryPolicy = RetryPolicy(),
        ordersByPrefix: Bool = true, epoch: Int64, logger: Logger
    ) {
        self.store = store
        self.commits = commits
        self.blobs = blobs
        self.engines = engines
        self.directory = directory
        self.client = client
        self.pricer = pricer
        self.meters = meters
        self.holds = holds
        self.clock = clock
        self.timers = timers
        self.randomness = randomness
        self.limits = limits
        self.policy = policy
        self.ordersByPrefix = ordersByPrefix
        self.epoch = epoch
        self.logger = logger
    }
}
