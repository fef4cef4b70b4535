import Logging
public import OpenAIWire
public import Quantities
public import Scheduling

/// Where an answer goes: the client's connection, or whoever collects it. The counterpart of `AnswerSink`.
///
/// Either `whole`, or `refused` before anything else, or `streamBegan`, any number of `streamBytes` and `streamPaused`
/// and one `streamEnded`. May be called from any thread, never concurrently for one request.
public protocol ClientSink: AnyObject, Sendable {
    /// The whole answer; its charge is durable.
    func whole(_ answer: WholeAnswer)
    /// An event stream begins: status 200.
    ///
    /// - Parameter tier: the one that serves; nil: not known yet.
    func streamBegan(tier: TierName?)
    /// Valid during the call only. May be kept until `streamPaused`, so that events that came together leave together.
    func streamBytes(_ bytes: UnsafeRawBufferPointer)
    /// No more for now: what was given leaves.
    func streamPaused()
    /// The last bytes, after the charge is durable.
    func streamEnded(_ last: [UInt8])
    /// Nothing was sent yet: an ordinary error answer.
    func refused(_ error: GatewayError)
}

extension ClientSink {
    /// Sinks that pass each piece on at once, or none before the end, have nothing to do.
    public func streamPaused() {}
}

public struct WholeAnswer: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    public var tier: TierName
    public var usage: TokenUsage?
    public var amount: Money?

    public init(
        status: Int, contentType: String = "application/json", body: [UInt8], tier: TierName, usage: TokenUsage?,
        amount: Money?
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.tier = tier
        self.usage = usage
        self.amount = amount
    }
}

/// A request on its way; the client's end holds it.
public protocol ServedRequest: Sendable {
    /// The client went away: frees the engine and bills what was made.
    func clientGone()
    /// The client reads slowly: stop or go on reading from the engine.
    func setReading(_ reading: Bool)
}

/// What a client says about time, beside the tier.
public struct ServiceWishes: Hashable, Sendable {
    /// How long it waits for an answer before it gives up (openai-api.md 1.6).
    public var clientTimeout: Duration?
    /// When the answer is due; the cheapest tier that meets it is taken.
    public var deadline: Instant?
    public var fallback: TierFallback?
    /// It goes on nowhere, whatever its project's rule says.
    public var declinesFallback = false
    /// While a stream waits it gets a comment each time this has passed; nil: none.
    public var keepAlive: Duration?

    public init(
        clientTimeout: Duration? = nil, deadline: Instant? = nil, fallback: TierFallback? = nil,
        keepAlive: Duration? = nil
    ) {
        self.clientTimeout = clientTimeout
        self.deadline = deadline
        self.fallback = fallback
        self.keepAlive = keepAlive
    }
}

/// One request as it arrived, authenticated.
public struct CompletionRequest: Sendable {
    public var id: RequestID
    /// The client's own name for it, for the log.
    public var clientID: String?
    public var caller: Caller
    public var endpoint: Endpoint
    public var body: [UInt8]
    public var facts: RequestFacts
    public var arrivedAt: Instant
    public var home: (any Sendable)?
    public var wishes = ServiceWishes()
    /// The trace that the client says the request belongs to.
    public var traceparent: String?

    public init(
        id: RequestID, caller: Caller, endpoint: Endpoint, body: [UInt8], facts: RequestFacts, arrivedAt: Instant,
        home: (any Sendable)? = nil
    ) {
        self.id = id
        self.caller = caller
        self.endpoint = endpoint
        self.body = body
        self.facts = facts
        self.arrivedAt = arrivedAt
        self.home = home
    }

    /// The moment at which the client stops waiting, as far as it says, less the time to tell it.
    var clientGivesUpAt: Instant? {
        self.wishes.clientTimeout.map { self.arrivedAt.advanced(by: $0 - min(.seconds(2), $0 / 4)) }
    }

    /// By the body's length alone, for predictions.
    var promptTokensGuessed: Int { self.body.count / LocalPromptCounter.bytesPerToken }

    /// What every log line about the request says of it.
    func logged(_ more: Logger.Metadata) -> Logger.Metadata {
        var metadata = more
        metadata["request.id"] = "\(self.id)"
        if let clientID = self.clientID { metadata["client.request.id"] = "\(clientID)" }
        return metadata
    }
}
