import ConfigurationYAML
import Gateway
import HTTPAPI
import Logging
import NIOPosix
import Quantities
import Routing
import Scheduling
import ServiceLifecycle
import Telemetry

/// The serving process: start, run, stop in order.
struct GatewayProcess {
    /// How long the start waits for the engines' first answers.
    static let engineWait: Duration = .milliseconds(500)

    let configuration: EbbConfiguration
    let options: EngineOptions

    func run() async throws {
        let logger = Logs.make(self.configuration.log)
        let group = MultiThreadedEventLoopGroup.singleton
        let setups = try self.options.engines(self.configuration)
        try await ListenCheck.run(self.configuration.listen.host, self.configuration.listen.port, group: group)
        let assembly = try await GatewayAssembly(
            self.configuration, data: self.configuration.dataDirectory, setups: setups, group: group, logger: logger)
        let catalog = EngineCatalog(
            setups: setups, models: self.configuration.models, aliases: try self.options.aliases(),
            tiers: self.configuration.tiers.rows, client: assembly.client, directory: assembly.directory,
            engines: assembly.batchEngines, logger: logger)
        if setups.isEmpty {
            logger.warning(
                """
                no engine is configured: nothing is answered until one is added, with --engine URL or under engines in \
                the file of --config
                """)
        }
        let bootstrap = Bootstrap(store: assembly.store, clock: assembly.clock, randomness: assembly.randomness)
        let first = try await bootstrap.firstStart(bootstrapKey: ProcessEnvironment.all["EBB_BOOTSTRAP_KEY"])
        if let secret = first.secret {
            Console.error("Created project 'default'. Its API key, shown once: \(secret)")
        }
        if let notice = first.notice { logger.warning("\(notice)") }
        try await self.serve(assembly, catalog: catalog, logger: logger)
        await assembly.close()
    }

    private func serve(_ assembly: GatewayAssembly, catalog: EngineCatalog, logger: Logger) async throws {
        let keys = KeyDirectory(store: assembly.store)
        let access = AccessRefresher(
            keys: keys, store: assembly.store, holds: assembly.holds, clock: assembly.clock,
            learn: { assembly.tiers.learn($0) }, changed: { assembly.scheduler.reviewAccess() })
        try await access.refresh()
        let completions = ServeCompletion(
            engines: assembly.directory, client: assembly.client, commits: assembly.commits, pricer: assembly.pricer,
            holds: assembly.holds, scheduler: assembly.scheduler, tiers: assembly.tiers, meters: assembly.meters,
            clock: assembly.clock, timers: assembly.clock, randomness: assembly.randomness, history: assembly.history,
            tracer: assembly.tracer, isLive: { keys.isLive($0) }, logger: logger)
        var batchContext = assembly.batchContext
        batchContext.refusesUnpricedWindows = true
        batchContext.tiers = { assembly.tiers.table }
        let runner = BatchRunner(context: batchContext)
        let files = assembly.files
        let sweeper = RetentionSweeper(
            files: files, store: assembly.store, blobs: assembly.blobs, clock: assembly.clock, logger: logger)
        try await sweeper.removeOrphans()
        let server = self.server(
            assembly, access: access, completions: completions, runner: runner, files: files, catalog: catalog,
            logger: logger)
        // Clients that come at once should find the models; an engine that hangs must not hold up the start.
        await Patience.wait(atMost: Self.engineWait) { try? await catalog.refresh() }
        var services: [any Service] = [
            Loop("scheduler") { await assembly.runScheduler() },
            Loop("catalog") { await catalog.run(clock: assembly.clock) },
            Loop("access") { await access.run(logger: logger) },
            Loop("sweeper") { await sweeper.run() },
            Loop("heap") { await HeapTrim.run(clock: assembly.clock) },
            BatchService.Running(runner: runner),
            server,
        ]
        // Services stop in reverse order: the spans of the last requests still leave.
        if let spans = assembly.spans { services.insert(Loop("spans") { await spans.run() }, at: 0) }
        var lifecycle = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            logger: Logger(label: "ebb.lifecycle") { _ in SwiftLogNoOpLogHandler() })
        lifecycle.maximumGracefulShutdownDuration = self.configuration.shutdownGrace
        let serviceGroup = ServiceGroup(configuration: lifecycle)
        let signals = StopSignals(
            first: {
                runner.stop(keepsBought: true)
                assembly.scheduler.send(.stop)
                await serviceGroup.triggerGracefulShutdown()
            })
        signals.start()
        do {
            try await serviceGroup.run()
        } catch is CancellationError {
            logger.warning("some answers were cut off at the end of the grace period")
        }
        signals.stop()
    }

    private func server(
        _ assembly: GatewayAssembly, access: AccessRefresher, completions: ServeCompletion, runner: BatchRunner,
        files: FileService, catalog: EngineCatalog, logger: Logger
    ) -> GatewayServer {
        let batches = BatchService(
            store: assembly.store, runner: runner, clock: assembly.clock, randomness: assembly.randomness,
            windows: assembly.windows, tiers: { assembly.tiers.table })
        let uploads = UploadService(
            files: files, store: assembly.store, blobs: assembly.blobs, clock: assembly.clock,
            randomness: assembly.randomness, md5: { MD5Digest() })
        let host = self.configuration.listen.host
        return GatewayServer(
            services: .init(
                access: access, completions: completions, engines: assembly.directory, files: files, uploads: uploads,
                batches: batches, idempotency: assembly.store, scheduler: assembly.scheduler,
                explain: ExplainRequest(
                    history: assembly.history, scheduler: assembly.scheduler, ledger: assembly.store),
                metrics: {
                    assembly.meters.exposition(
                        assembly.scheduler.snapshot, holds: assembly.holds.turnover, prompts: runner.prompts)
                },
                notReady: {
                    if assembly.commits.isFailing { return "the data folder cannot be written" }
                    guard assembly.directory.table.modelNames.isEmpty else { return nil }
                    return catalog.hasEngines ? "no engine has answered yet" : "no engine is configured"
                }),
            host: host, port: self.configuration.listen.port, limits: assembly.limits, group: assembly.group,
            clock: assembly.clock, randomness: assembly.randomness, logger: logger,
            onReady: { port in
                let shown = host.contains(":") ? "[\(host)]" : host
                Console.out("http://\(shown):\(port)/v1")
            })
    }
}

/// A service that is a loop until it is told to stop.
struct Loop: Service {
    let name: String
    let body: @Sendable () async -> Void

    init(_ name: String, _ body: @escaping @Sendable () async -> Void) {
        self.name = name
        self.body = body
    }

    func run() async throws { await cancelWhenGracefulShutdown { await self.body() } }
}

extension BatchService {
    /// The batch runner as a service: stops dispatch at once and parks every batch, after its lines at bought engines.
    struct Running: Service {
        let runner: BatchRunner

        func run() async throws {
            try await withGracefulShutdownHandler {
                try await self.runner.run()
            } onGracefulShutdown: {
                self.runner.stop(keepsBought: true)
            }
            // A stop signal ends the runner before the server has drained; a service that ends out of turn would cut
            // the others off.
            try await gracefulShutdown()
        }
    }
}
