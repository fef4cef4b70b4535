import ArgumentParser
import Batching
import BlobDisk
import ConfigurationYAML
import EngineHTTP
import EngineSimulator
import Gateway
import Logging
import NIOCore
import NIOPosix
import Pricing
import Quantities
import Routing
import Scheduling
import StoreSQLite
import Telemetry

/// The composition root: every part of a process that runs requests, wired once.
struct GatewayAssembly: Sendable {
    let configuration: EbbConfiguration
    let group: MultiThreadedEventLoopGroup
    let clock = SystemClock()
    let randomness = SystemRandomness()
    let store: SQLiteStore
    let commits: KeptCommits
    let blobs: BlobDisk
    let client: HTTPEngineClient
    let directory: EngineDirectory
    let batchEngines: BatchEngines
    let scheduler: WorkScheduler
    let tiers: TierDirectory
    let meters: PrometheusMeters
    let pricer: Pricer
    let holds: Holds
    let history = RequestHistory()
    /// nil: no spans are kept.
    let spans: SpanExporter?
    let limits: GatewayLimits
    let logger: Logger
    let epoch: Int64

    /// Opens the data folder for serving and prepares everything; nothing runs yet.
    init(
        _ configuration: EbbConfiguration, data: String, setups: [EngineSetup], group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) async throws {
        self.configuration = configuration
        self.group = group
        self.logger = logger
        self.holds = Holds(logger: logger)
        let meters = PrometheusMeters()
        self.meters = meters
        self.pricer = try Self.pricer(configuration)
        var limits = GatewayLimits(
            bodyBytes: configuration.limits.bodyBytes, fileBytes: Int64(configuration.limits.fileBytes),
            batchFileBytes: Int64(configuration.limits.batchFileBytes), batchLines: configuration.limits.batchLines)
        limits.batchFilesKept = configuration.retention.batchFiles
        limits.otherFilesKept = configuration.retention.files
        self.limits = limits
        do throws(StoreFailure) {
            var settings = CommitSettings()
            settings.observe = { group in
                meters.committed(group: group.entries, seconds: group.latency.secondsApproximate)
            }
            self.store = try SQLiteStore.open(folder: data, settings: settings)
            self.commits = KeptCommits(self.store, timers: self.clock, meters: meters, logger: logger)
            self.epoch = try await self.store.beginServing()
            self.blobs = try BlobDisk(folder: data + "/blobs", randomness: self.randomness)
        } catch {
            throw CommandFailure("cannot open the data folder '\(data)': \(error)", status: ExitStatus.store)
        }
        var access: [EngineID: HTTPEngineClient.Access] = [:]
        for setup in setups { access[setup.engine.id] = setup.access }
        if let problem = configuration.tracingProblem {
            logger.warning("spans are not sent", metadata: ["reason": "\(problem)"])
        }
        let collector = try configuration.tracing.map { try EngineSetup($0.collector) }
        if let collector { access[collector.engine.id] = collector.access }
        let client = HTTPEngineClient(group: group, access: access)
        self.client = client
        self.spans = collector.map { [clock] in
            SpanExporter(
                collector: $0.engine, service: configuration.tracing?.service ?? "ebb",
                version: EbbCommand.configuration.version, client: client, clock: clock, meters: meters,
                logger: logger)
        }
        self.directory = EngineDirectory(table: .empty)
        let hours: ConfiguredHours
        do throws(ConfigurationError) {
            hours = try ConfiguredHours(configuration.engines, configuration.models)
        } catch {
            throw CommandFailure(error.description)
        }
        var protection: [EngineID: Protection] = [:]
        for engine in configuration.engines { protection[engine.name] = engine.protection }
        self.scheduler = WorkScheduler(
            directory: self.directory, clock: self.clock, logger: logger, meters: meters,
            protection: { [protection] in protection[$0] ?? .balanced },
            backgroundHours: { hours.schedule($0, at: $1) })
        do throws(TierTable.Flaw) {
            self.tiers = try TierDirectory(configuration.tiers, scheduler: self.scheduler, logger: logger)
        } catch {
            throw CommandFailure("the tiers of the configuration: \(error)")
        }
        self.batchEngines = BatchEngines(
            scheduler: self.scheduler, clock: self.clock, linesMax: configuration.batch.concurrency ?? .max)
    }

    static func pricer(_ configuration: EbbConfiguration) throws -> Pricer {
        var pricedAs: [String: String] = [:]
        for model in configuration.models { pricedAs[model.name] = model.priceAs }
        return Pricer(
            book: try Self.priceBook(configuration), pricedAs: pricedAs,
            tiersPricedAs: configuration.tiers.pricedAs)
    }

    static func priceBook(_ configuration: EbbConfiguration) throws -> PriceBook {
        let shipped = String(decoding: PackageResources.prices_yaml, as: UTF8.self)
        do throws(ConfigurationError) {
            return try configuration.prices.book(shipped: shipped)
        } catch {
            throw CommandFailure(error.description)
        }
    }

    var batchContext: BatchContext {
        var context = BatchContext(
            store: self.store, commits: self.commits, blobs: self.blobs, engines: self.batchEngines,
            directory: self.directory, client: self.client, pricer: self.pricer, meters: self.meters,
            holds: self.holds, clock: self.clock, timers: self.clock, randomness: self.randomness, limits: self.limits,
            policy: .init(failuresMax: self.configuration.batch.maxAttempts),
            ordersByPrefix: self.configuration.batch.order == .prefix, epoch: self.epoch, logger: self.logger)
        context.history = self.history
        context.tracer = self.tracer
        return context
    }

    var tracer: Tracer? {
        self.spans.map {
            Tracer(sink: $0, share: self.configuration.tracing?.share ?? 1, randomness: self.randomness)
        }
    }

    var files: FileService {
        FileService(
            store: self.store, blobs: self.blobs, clock: self.clock, randomness: self.randomness,
            limits: self.limits, logger: self.logger)
    }

    var windows: [String: TierName] {
        var windows: [String: TierName] = [:]
        for window in self.configuration.batch.windows { windows[window.window.text] = window.tier }
        return windows
    }

    /// Lets time pass for the scheduler, and tells it how busy the engines are, until the task is cancelled.
    func runScheduler() async {
        let watch = EngineWatch(scheduler: self.scheduler, client: self.client, clock: self.clock)
        await withDiscardingTaskGroup { group in
            group.addTask { await watch.run() }
            while (try? await self.clock.sleep(for: WorkScheduler.tickInterval)) != nil { self.scheduler.tick() }
        }
    }

    func close() async {
        await self.client.shutdown()
        await self.store.close()
    }
}
