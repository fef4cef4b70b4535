public import Ledger
public import Quantities

/// Port: metrics. Calls are cheap and never block; label values come from bounded sets.
public protocol Meters: Sendable {
    func requestStarted(model: String, tier: TierName)
    func requestFinished(_ facts: FinishedRequest)
    func engineFailed(engine: EngineID, kind: String)
    func batchLine(model: String, outcome: String)
    func committed(group: Int, seconds: Double)
    func set(gauge: GaugeName, _ value: Double)
    /// The time between two reads of a stream; a sample of them.
    func gap(tier: TierName, seconds: Double)
    /// A batch line's charge is recorded.
    func charged(_ line: Charge)
    /// The same line's prompt.
    func promptEnded(_ tokens: PromptTokens)
    /// Something happened that is only counted.
    func count(_ counter: CounterName, _ label: String)
}

extension Meters {
    public func gap(tier: TierName, seconds: Double) {}
    public func charged(_ line: Charge) {}
    public func promptEnded(_ tokens: PromptTokens) {}
    public func count(_ counter: CounterName, _ label: String) {}
}

/// What is counted by a label with few values; names are in Telemetry.
public enum CounterName: String, Sendable, CaseIterable {
    /// Requests that the gateway refused by itself, by the error's code.
    case rejected
    /// Batches that ended, by status; `expired` is a missed deadline.
    case batchesEnded
    /// Batches taken up again, by why: the process began (`restart`), or the store failed (`store_failure`).
    case batchesRecovered
    /// Attempts at lines that left no result, by why.
    case attemptsWithoutResult
    /// Requests whose spans did not reach the collector, by why.
    case tracesLost
}

/// Gauges that the gateway sets; names are in Telemetry.
public enum GaugeName: String, Sendable, CaseIterable {
    case batchesRunning
    case storeFailing
}

public struct FinishedRequest: Sendable {
    public var model: String
    public var tier: TierName
    /// The one that it was begun in; nil: the same.
    public var tierAtArrival: TierName?
    public var outcome: String
    public var usage: TokenUsage
    public var amount: Money?
    public var seconds: Double
    /// From arrival to the first byte of the answer's body; nil when there was none.
    public var firstTokenSeconds: Double?
    /// How long it waited for places in all.
    public var waitSeconds = 0.0
    /// What was foretold when it came and found others before it; nil when it found none.
    public var predictedWaitSeconds: Double?

    public init(
        model: String, tier: TierName, outcome: String, usage: TokenUsage, amount: Money?, seconds: Double,
        firstTokenSeconds: Double?
    ) {
        self.model = model
        self.tier = tier
        self.outcome = outcome
        self.usage = usage
        self.amount = amount
        self.seconds = seconds
        self.firstTokenSeconds = firstTokenSeconds
    }
}
