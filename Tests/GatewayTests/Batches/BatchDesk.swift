import Gateway
import GatewayTesting
import OpenAIWire
import Pricing
import Quantities
import Routing
import Scheduling
import Testing

/// The runner of batches with a scripted engine and stores in memory. Its model `m` costs a dollar a million tokens of
/// input and two of output.
struct BatchDesk {
    static let project: ProjectID = "proj_a"

    let engine: ScriptedEngine
    let store = InMemoryStore()
    let blobs = InMemoryBlobs()
    let clock = ManualClock()
    let timers = ManualTimers()
    let holds = Holds(logger: CapturedLog().logger)
    let log = CapturedLog()
    let directory: EngineDirectory
    let scheduler: WorkScheduler
    let history = RequestHistory()
    let files: FileService
    let runner: BatchRunner
    let service: BatchService
    let pricer: Pricer
    private let exits: AsyncStream<BatchRunner.RunnerExit>

    /// - Parameters:
    ///   - scripts: of the engine, in order; after them every line is answered.
    ///   - places: lines in flight at most, at each engine.
    ///   - engines: `e1` and so on.
    ///   - book: nil: a dollar and two in each tier.
    ///   - keepsCommits: what the store cannot take is kept.
    ///   - windows: the tiers that batches ask for by them.
    ///   - otherwise: what an engine does after the scripts.
    ///   - backgroundHours: of its engines.
    ///   - modelHours: of `m`.
    init(
        _ scripts: [EngineScript] = [], kind: EngineKind = .vllm, stream: StreamPolicy = .asAsked, places: Int = 1,
        engines: Int = 1,
        atCostLimit: BatchContext.AtCostLimit = .end, backgroundHours: PriceSchedule? = nil,
        modelHours: PriceSchedule? = nil,
        tiersPricedAs: [TierName: TierName] = [:], tiers: TierSettings = TierSettings(), book: PriceBook? = nil,
        windows: [String: TierName] = ["24h": .batch, "2h": "2h"], keepsCommits: Bool = false,
        otherwise: @escaping @Sendable (EngineRequest) -> EngineScript = { _ in .answer(CompletionDesk.answer) }
    ) async throws {
        self.engine = ScriptedEngine(delivery: .inline, scripts: scripts, otherwise: otherwise)
        let servers = try (1...engines).map {
            Engine(
                id: EngineID("e\($0)"), url: try EngineURL("http://127.0.0.1:\($0)"), kind: kind, stream: stream,
                concurrency: places)
        }
        self.directory = EngineDirectory(
            table: try RoutingTable(
                engines: servers, aliases: ["m": servers.map { EngineTarget(engine: $0.id, engineModel: "e-m") }]))
        self.pricer = Pricer(book: try book ?? CompletionDesk.book(), tiersPricedAs: tiersPricedAs)
        try await self.store.insert(ProjectRecord(id: Self.project, name: "a", createdAt: self.clock.now))
        let logger = self.log.logger
        self.scheduler = WorkScheduler(
            directory: self.directory, clock: self.clock, logger: logger,
            backgroundHours: { place, _ in place.model == nil ? backgroundHours : modelHours })
        var context = BatchContext(
            store: self.store,
            commits: keepsCommits
                ? KeptCommits(self.store, timers: self.timers, logger: logger) : self.store, blobs: self.blobs,
            engines: BatchEngines(scheduler: self.scheduler, clock: self.clock),
            directory: self.directory, client: self.engine, pricer: self.pricer, meters: NoMeters(), holds: self.holds,
            clock: self.clock, timers: self.timers, randomness: SeededRandomness(),
            epoch: try await self.store.beginServing(), logger: logger)
        context.atCostLimit = atCostLimit
        context.refusesUnpricedWindows = true
        let tiers = try TierDirectory(tiers, scheduler: self.scheduler, logger: logger)
        context.tiers = { tiers.table }
        context.history = self.history
        let (exits, inbox) = AsyncStream.makeStream(of: BatchRunner.RunnerExit.self)
        self.exits = exits
        self.runner = BatchRunner(context: context) { _, exit in inbox.yield(exit) }
        self.files = FileService(
            store: self.store, blobs: self.blobs, clock: self.clock, randomness: SeededRandomness(seed: 2),
            limits: GatewayLimits(), logger: logger)
        self.service = BatchService(
            store: self.store, runner: self.runner, clock: self.clock, randomness: SeededRandomness(seed: 3),
            windows: windows)
    }

    /// The request of each line.
    static let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":5}"#
    /// What each answer costs.
    static let charge = Money(picodollars: 20_000_000)

    /// The most that a line may cost.
    var bound: Money { get throws { try self.bound(.batch) } }

    func bound(_ tier: TierName) throws -> Money {
        let bytes = Array(Self.body.utf8)
        let facts = try RequestFacts.scan(bytes, .chatCompletions)
        return try #require(
            CostBound(pricer: self.pricer, at: self.clock.now).most(
                facts, body: bytes, engineModels: ["e-m"], tiers: [tier]))
    }

    /// A line that may cost about three dollars.
    static let dearBody = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1500000}"#

    /// Stores a batch of this many lines and hands it to the runner.
    func submit(lines: Int, maxCost: Money? = nil) async throws -> BatchID {
        try await self.submit(Array(repeating: Self.body, count: lines), maxCost: maxCost)
    }

    func submit(
        _ bodies: [String], maxCost: Money? = nil, outputExpiresAfter: Int64? = nil, window: String = "24h"
    ) async throws -> BatchID {
        var intake = try self.files.begin()
        for (line, body) in bodies.enumerated() {
            let text = #"{"custom_id":"\#(line)","method":"POST","url":"/v1/chat/completions","body":\#(body)}"#
            try Array((text + "\n").utf8).withUnsafeBytes { try intake.append($0) }
        }
        var form = FileService.Form()
        form.purpose = "batch"
        let file = try await self.files.finish(&intake, form: form, project: Self.project)
        let order = BatchService.Order(
            inputFile: file.id, endpoint: "/v1/chat/completions", window: window,
            outputExpiresAfter: outputExpiresAfter, maxCost: maxCost)
        return try await self.service.create(order, project: Self.project, key: nil).id
    }

    /// Runs batches while `body` does, and then stops.
    func running(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.runner.run() }
            defer { self.runner.stop() }
            try await body()
        }
    }

    /// How the next batch leaves the runner.
    func exit() async -> BatchRunner.RunnerExit? {
        for await exit in self.exits { return exit }
        return nil
    }

    func batch(_ id: BatchID) async throws -> BatchRecord {
        try #require(try await self.store.batch(id, project: Self.project))
    }

    /// The lines of a file, parsed.
    func rows(_ id: FileID?) async throws -> [JSONValue] {
        guard let id else { return [] }
        var content = try await self.files.content(id, project: Self.project).content
        var bytes: [UInt8] = []
        while let piece = try await content.next() { bytes += piece }
        return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
    }
}
