import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Pricing
import Quantities
import Routing
import Scheduling
import Synchronization

/// A client that keeps what it is sent.
final class RecordingClient: ClientSink {
    struct Seen {
        var whole: WholeAnswer?
        var error: GatewayError?
        var streamed: [UInt8] = []
        var began = false
        /// How often what was given was to leave before the end.
        var pauses = 0
        var ended = false
    }

    private let seen = Mutex(Seen())
    private let onRefusal = Mutex<(@Sendable () -> Void)?>(nil)

    var state: Seen { self.seen.withLock { $0 } }
    var text: String { String(decoding: self.state.streamed, as: UTF8.self) }

    func whole(_ answer: WholeAnswer) { self.seen.withLock { $0.whole = answer } }
    func streamBegan(tier: TierName?) { self.seen.withLock { $0.began = true } }
    func streamBytes(_ bytes: UnsafeRawBufferPointer) { self.seen.withLock { $0.streamed.append(contentsOf: bytes) } }
    func streamPaused() { self.seen.withLock { $0.pauses += 1 } }
    func streamEnded(_ last: [UInt8]) {
        self.seen.withLock {
            $0.streamed += last
            $0.ended = true
        }
    }
    func refused(_ error: GatewayError) {
        self.seen.withLock { $0.error = error }
        self.onRefusal.withLock { $0 }?()
    }

    /// Done when it is refused, before whoever refuses goes on.
    func onRefusal(_ body: @escaping @Sendable () -> Void) { self.onRefusal.withLock { $0 = body } }
}

/// Keeps the requests whose spans would leave.
final class RecordedSpans: SpanSink {
    private let seen = Mutex<[TracedRequest]>([])

    var requests: [TracedRequest] { self.seen.withLock { $0 } }
    func ended(_ request: TracedRequest) { self.seen.withLock { $0.append(request) } }
}

/// The use case with scripted engines and a store in memory.
struct CompletionDesk {
    let engine: ScriptedEngine
    let store = InMemoryStore()
    let clock = ManualClock()
    let timers = ManualTimers()
    let holds = Holds(logger: CapturedLog().logger)
    /// Requests whose ways are kept.
    static let historyMax = 40
    let history = RequestHistory(requestsMax: Self.historyMax)
    let spans = RecordedSpans()
    let directory: EngineDirectory
    let scheduler: WorkScheduler
    let tiers: TierDirectory
    let service: ServeCompletion
    let caller: Caller

    /// - Parameters:
    ///   - engines: how many engines serve the model `m`.
    ///   - concurrency: requests that each bears; nil: unknown.
    ///   - keepsCommits: what the store cannot take is kept.
    ///   - tracedShare: of the traces that begin here; nil: none at all.
    init(
        _ scripts: [EngineScript], engines: Int = 1, stream: StreamPolicy = .asAsked, kind: EngineKind = .vllm,
        concurrency: Int? = nil, takesPriorities: Bool = false, tiers: TierSettings = TierSettings(),
        tracedShare: Double? = nil, book: PriceBook? = nil,
        keepsCommits: Bool = false, isLive: @escaping @Sendable (Caller) -> Bool = { _ in true },
        meters: any Meters = NoMeters(), log: CapturedLog = CapturedLog()
    ) async throws {
        self.engine = ScriptedEngine(delivery: .inline, scripts: scripts)
        let list = try (1...engines).map {
            var engine = Engine(
                id: EngineID("e\($0)"), url: try EngineURL("http://127.0.0.1:\($0)"), kind: kind, stream: stream,
                concurrency: concurrency)
            engine.takesPriorities = takesPriorities
            return engine
        }
        let targets = list.map { EngineTarget(engine: $0.id, engineModel: "engine-m") }
        self.directory = EngineDirectory(table: try RoutingTable(engines: list, aliases: ["m": targets]))
        self.scheduler = WorkScheduler(directory: self.directory, clock: self.clock, logger: log.logger)
        self.tiers = try TierDirectory(tiers, scheduler: self.scheduler, logger: log.logger)
        self.service = ServeCompletion(
            engines: self.directory, client: self.engine,
            commits: keepsCommits ? KeptCommits(self.store, timers: self.timers, logger: log.logger) : self.store,
            pricer: Pricer(book: try book ?? Self.book(), tiersPricedAs: tiers.pricedAs), holds: self.holds,
            scheduler: self.scheduler, tiers: self.tiers,
            meters: meters, clock: self.clock, timers: self.timers,
            randomness: SeededRandomness(), history: self.history,
            tracer: tracedShare.map { [spans] in
                Tracer(sink: spans, share: $0, randomness: SeededRandomness(seed: 5))
            },
            isLive: isLive, logger: log.logger)
        let project = ProjectRecord(id: "proj_a", name: "a", createdAt: self.clock.now)
        try await self.store.insert(project)
        self.tiers.learn([project])
        self.caller = Caller(project: project.id, key: "key_a")
    }

    /// A dollar a million tokens of input, two of output.
    static func book() throws -> PriceBook {
        let prices = TierPrices([
            .input: try Rate(try Money(decimalDollars: "1"), per: 1_000_000),
            .output: try Rate(try Money(decimalDollars: "2"), per: 1_000_000),
        ])
        let priority = TierPrices([
            .input: try Rate(try Money(decimalDollars: "4"), per: 1_000_000),
            .output: try Rate(try Money(decimalDollars: "8"), per: 1_000_000),
        ])
        return try PriceBook(
            version: "test",
            entries: [
                PriceEntry(
                    provider: "own", models: ["m"], tiers: [.standard: prices, .batch: prices, .priority: priority])
            ])
    }

    func ask(
        _ body: String, id: RequestID = "req_1", clientID: String? = nil, caller: Caller? = nil,
        wishes: ServiceWishes = ServiceWishes(), traceparent: String? = nil
    ) throws -> (RecordingClient, (any ServedRequest)?) {
        let client = RecordingClient()
        let bytes = Array(body.utf8)
        var request = CompletionRequest(
            id: id, caller: caller ?? self.caller, endpoint: .chatCompletions, body: bytes,
            facts: try RequestFacts.scan(bytes, .chatCompletions), arrivedAt: self.clock.now)
        request.clientID = clientID
        request.wishes = wishes
        request.traceparent = traceparent
        return (client, self.service.serve(request, to: client))
    }

    static let question = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"top_k":5}"#
    static let streamed = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}"#
    static let answer =
        #"{"id":"c1","object":"chat.completion","model":"engine-m","choices":[{"index":0,"message":{"role":"assistant","#
        + #""content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15},"x":1}"#
    static let chunks = [
        #"data: {"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#
            + "\n\n",
        #"data: {"id":"c1","choices":[{"index":0,"delta":{"content":"yes"},"finish_reason":null}]}"# + "\n\n",
        #"data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n",
        #"data: {"id":"c1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#
            + "\n\n",
        "data: [DONE]\n\n",
    ]
}
