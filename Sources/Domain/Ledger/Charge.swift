public import Quantities

/// Priced usage of one request: the one entry that the ledger keeps for it. Written once, never changed, but for the
/// count of refusals.
public struct Charge: Hashable, Sendable {
    /// The unique key: one request, one charge.
    public let request: RequestID
    public var project: ProjectID
    public var key: KeyID?
    /// The batch line that this request was, if any.
    public var batch: BatchID?
    public var line: Int32?
    public var endpoint: String
    public var engine: EngineID
    /// The alias that the client asked for, and the name that the answer carried.
    public var requestedModel: String
    public var servedModel: String
    public var requestedTier: TierName?
    public var servedTier: TierName
    public var startedAt: Instant
    public var finishedAt: Instant
    public var usage: TokenUsage
    /// nil: the price book has no price for this model and tier ("unpriced"); never 0 in its place.
    public var amount: Money?
    /// What the same usage costs at the standard tier, for savings; nil when unknown.
    public var listAmount: Money?
    /// Which prices were used, so that the amount can be computed again.
    public var priceVersion: String
    public var outcome: Outcome
    /// Requests that the entry stands for: more than one only where they were refused. It then has the first one's id
    /// and start, and the last one's end.
    public var requests: Int64 = 1

    public enum Outcome: String, Sendable, CaseIterable {
        /// The engine answered in full.
        case answered
        /// The client left; the tokens made until then are billed.
        case cancelled
        /// The engine broke off after it had begun.
        case broken
        /// No room within the time that the request would wait; nothing ran, nothing is billed.
        case refused
    }

    public init(
        request: RequestID, project: ProjectID, key: KeyID? = nil, batch: BatchID? = nil, line: Int32? = nil,
        endpoint: String, engine: EngineID, requestedModel: String, servedModel: String,
        requestedTier: TierName? = nil, servedTier: TierName, startedAt: Instant, finishedAt: Instant,
        usage: TokenUsage, amount: Money?, listAmount: Money?, priceVersion: String, outcome: Outcome
    ) {
        self.request = request
        self.project = project
        self.key = key
        self.batch = batch
        self.line = line
        self.endpoint = endpoint
        self.engine = engine
        self.requestedModel = requestedModel
        self.servedModel = servedModel
        self.requestedTier = requestedTier
        self.servedTier = servedTier
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.usage = usage
        self.amount = amount
        self.listAmount = listAmount
        self.priceVersion = priceVersion
        self.outcome = outcome
    }
}
