public import Quantities

/// One request or batch line while the scheduler knows it; chosen by the driver, unique while it lives.
public struct WorkKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public var description: String { "work \(self.number)" }
    public static func < (a: WorkKey, b: WorkKey) -> Bool { a.number < b.number }
}

/// The engines that can serve a model: one pool for each model alias.
public struct PoolID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { self.text }
    public static func < (a: PoolID, b: PoolID) -> Bool { a.text < b.text }
}

/// A request that asks for a place at an engine.
public struct WorkRequest: Hashable, Sendable {
    public let key: WorkKey
    public let lane: Lane
    public let project: ProjectID
    public let pool: PoolID
    /// Tokens of the prompt, as far as known before it runs; at least 1.
    public let promptTokens: Int
    /// Tokens that the answer will probably have; at least 1.
    public let outputTokens: Int
    /// Refused at arrival when the predicted wait is longer.
    public var patience: Duration
    /// Refused when it still waits then.
    public var giveUpAt: Instant
    /// Refused earlier, when it still waits then; the time that it has a place at an engine is added. nil: it is not.
    public var fallsBackAt: Instant?
    /// Requests with the same value share the beginning of their prompts; they prefer the same engine.
    public var affinity: UInt64?
    /// By whose name it is counted while it waits.
    public var tier: TierName
    /// When refused it goes on in another lane, as its caller wishes.
    public var fallsBack = false
    /// Engines that have failed this request already; others are taken where there are any.
    public var avoided: [EngineID] = []

    public init(
        key: WorkKey, lane: Lane, project: ProjectID, pool: PoolID, promptTokens: Int, outputTokens: Int,
        patience: Duration, giveUpAt: Instant, affinity: UInt64? = nil
    ) {
        self.key = key
        self.lane = lane
        self.project = project
        self.pool = pool
        self.promptTokens = max(1, promptTokens)
        self.outputTokens = max(1, outputTokens)
        self.patience = patience
        self.giveUpAt = giveUpAt
        self.affinity = affinity
        self.tier = lane.tier
    }

    var sizeTokens: Int { self.promptTokens + self.outputTokens }
}

/// What is left of a batch. The scheduler never holds its lines: it asks for the next one when there is room.
public struct BatchOffer: Hashable, Sendable {
    public let batch: BatchID
    public let project: ProjectID
    public let pool: PoolID
    public let deadline: Instant
    /// Lines that have no outcome and are not in flight.
    public var linesLeft: Int
    /// Mean size of the lines left.
    public var promptTokens: Int
    public var outputTokens: Int
    /// By whose name its lines are counted.
    public var tier = TierName.batch
    /// It has no use for places before its next offer: its lines wait for something else.
    public var isPaused = false

    public init(
        batch: BatchID, project: ProjectID, pool: PoolID, deadline: Instant, linesLeft: Int, promptTokens: Int,
        outputTokens: Int
    ) {
        self.batch = batch
        self.project = project
        self.pool = pool
        self.deadline = deadline
        self.linesLeft = linesLeft
        self.promptTokens = max(1, promptTokens)
        self.outputTokens = max(1, outputTokens)
    }
}

/// A line that a batch sends in answer to ``SchedulerAction/pull(_:_:)``.
public struct BatchLine: Hashable, Sendable {
    public let key: WorkKey
    public let batch: BatchID
    public let engine: EngineID
    public let promptTokens: Int
    /// Those of the prompt that the engine will probably not find in its cache.
    public let uncachedTokens: Int
    public let outputTokens: Int
    /// How often this line was preempted before.
    public let preemptions: Int

    /// - Parameter uncachedTokens: nil: all of the prompt.
    public init(
        key: WorkKey, batch: BatchID, engine: EngineID, promptTokens: Int, uncachedTokens: Int? = nil,
        outputTokens: Int, preemptions: Int = 0
    ) {
        self.key = key
        self.batch = batch
        self.engine = engine
        self.promptTokens = max(1, promptTokens)
        self.uncachedTokens = min(self.promptTokens, max(1, uncachedTokens ?? promptTokens))
        self.outputTokens = max(1, outputTokens)
        self.preemptions = preemptions
    }
}

/// What an engine said that a request used. Counts that cannot be true are brought to the nearest that can.
public struct WorkUsage: Hashable, Sendable {
    /// No request uses more tokens of one kind. Sums of such counts do not overflow.
    public static let tokensMax = 1_000_000_000

    /// Prompt tokens found in the engine's cache.
    public let cachedTokens: Int
    /// Prompt tokens computed.
    public let computedTokens: Int
    public let outputTokens: Int

    public init(cachedTokens: Int = 0, computedTokens: Int, outputTokens: Int) {
        self.cachedTokens = Self.clamped(cachedTokens)
        self.computedTokens = Self.clamped(computedTokens)
        self.outputTokens = Self.clamped(outputTokens)
    }

    /// A count that an engine told.
    static func clamped(_ tokens: Int) -> Int { min(Self.tokensMax, max(0, tokens)) }
}

/// The measure of service that fairness and predictions use: weighted tokens (Sheng et al., OSDI 2024: 1 for a token of
/// the prompt, 2 for one of the answer; a cached one costs an engine about a tenth).
public enum ServiceUnits {
    public static let cached = 0.1
    public static let computed = 1.0
    public static let output = 2.0

    /// Tokens that no cache had.
    package static func of(prompt: Int, output tokens: Int) -> Double {
        Double(prompt) * Self.computed + Double(tokens) * Self.output
    }

    static func of(_ usage: WorkUsage) -> Double {
        Double(usage.cachedTokens) * Self.cached + Double(usage.computedTokens) * Self.computed
            + Double(usage.outputTokens) * Self.output
    }
}
