public import OpenAIWire
public import Quantities
package import Routing

/// Port: takes the spans of requests that have ended. Cheap, and never waits.
public protocol SpanSink: Sendable {
    func ended(_ request: TracedRequest)
}

/// Decides which requests are traced, and hands them on when they have ended.
public struct Tracer: Sendable {
    let sink: any SpanSink
    /// Share of the traces that begin here of which spans are kept, 0 ... 1. A caller that brings its own trace has
    /// decided for itself.
    let share: Double
    let randomness: any Randomness

    public init(sink: any SpanSink, share: Double = 1, randomness: any Randomness) {
        self.sink = sink
        self.share = min(1, max(0, share))
        self.randomness = randomness
    }

    /// - Parameter traceparent: the caller's header, if any.
    func begin(_ traceparent: String? = nil) -> TraceContext {
        let span = self.randomness.next() | 1
        if let parent = traceparent.flatMap({ TraceParent($0) }) {
            return TraceContext(trace: parent.trace, span: span, parent: parent.span, isSampled: parent.isSampled)
        }
        let trace = TraceID(high: self.randomness.next(), low: self.randomness.next() | 1)
        // By the trace's id, as other services that sample by the same share do (TraceIdRatioBased).
        let isSampled = Double(trace.low >> 11) * 0x1p-53 < self.share
        return TraceContext(trace: trace, span: span, parent: nil, isSampled: isSampled)
    }

    func ended(_ request: TracedRequest) {
        if request.context.isSampled { self.sink.ended(request) }
    }
}

/// A request, or a line of a batch, that has ended: what its spans are made of.
public struct TracedRequest: Sendable {
    public let context: TraceContext
    public let way: RequestTrace
    public let endpoint: Endpoint
    public let requestedModel: String
    /// nil: no engine answered.
    public var servedModel: String?
    /// The number of the last call to an engine, from 1.
    let lastAttempt: Int
    /// Those that it may have been sent to.
    let engines: [EngineID: Engine]
    /// When the engine had ended; nil: with the request.
    var engineEndedAt: Instant?
    /// What the caller wrote; nil: nothing.
    public var requestedTier: String?
    public var servedTier: TierName
    public var usage: TokenUsage?
    public var amount: Money?

    package init(
        context: TraceContext, way: RequestTrace, endpoint: Endpoint, requestedModel: String, servedTier: TierName,
        lastAttempt: Int, engines: [EngineID: Engine]
    ) {
        self.context = context
        self.way = way
        self.endpoint = endpoint
        self.requestedModel = requestedModel
        self.servedTier = servedTier
        self.lastAttempt = lastAttempt
        self.engines = engines
    }
}
