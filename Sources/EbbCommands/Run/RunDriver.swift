import Gateway
import Quantities
import StoreSQLite
import Synchronization
import Telemetry

/// Runs one batch with progress, until it ends or something stops it.
struct RunDriver {
    enum Ending: Sendable, Equatable {
        case ended, capReached, interrupted, storeFailed
        /// The kind of failure (`EngineFailure.label`).
        case engineLost(String)
    }

    /// An engine that refuses the key, or has no money, is not waited for: nothing changes by itself.
    static let refusalPatience: Duration = .seconds(5)
    /// Answers may take their time; being slow is not being gone.
    static let slownessFactor = 10

    let plan: RunPlan
    let assembly: GatewayAssembly
    let catalog: EngineCatalog

    func run(
        _ start: (BatchRunner, BatchService) async throws -> BatchRecord
    ) async throws -> (batch: BatchRecord, ending: Ending) {
        let meters = RunMeters(clock: self.assembly.clock)
        var context = self.assembly.batchContext
        context.meters = meters
        context.atCostLimit = .park
        let (exits, inbox) = AsyncStream.makeStream(of: BatchRunner.RunnerExit.self)
        let runner = BatchRunner(context: context) { _, exit in inbox.yield(exit) }
        let stop = RunStop(runner)
        let signals = StopSignals(first: { stop.now(.interrupted) })
        signals.start()
        let service = BatchService(
            store: self.assembly.store, runner: runner, clock: self.assembly.clock,
            randomness: self.assembly.randomness, windows: [self.plan.tier.window.text: self.plan.tier.tier])
        let batch = try await start(runner, service)
        let watch = Task {
            for await exit in exits {
                switch exit {
                case .ended: stop.now(.ended)
                case .parkedAtCostLimit: stop.now(.capReached)
                // Only a failing store parks a batch that nobody stopped.
                case .stopped: stop.now(.storeFailed)
                }
            }
        }
        let catalog = self.catalog
        let clock = self.assembly.clock
        let discovery = Task { await catalog.run(clock: clock) }
        let assembly = self.assembly
        let scheduling = Task { await assembly.runScheduler() }
        let progress = Task { await self.show(batch, of: service, meters: meters, stop: stop) }
        let spans = Task { await assembly.spans?.run() }
        try await runner.run(resumesUnfinished: false)
        inbox.finish()
        await watch.value
        for task in [discovery, scheduling, progress] {
            task.cancel()
            await task.value
        }
        // Last, so that the spans of the last lines leave.
        spans.cancel()
        await spans.value
        signals.stop()
        return (batch, stop.ending ?? .interrupted)
    }

    private func show(
        _ batch: BatchRecord, of service: BatchService, meters: RunMeters, stop: RunStop
    ) async {
        let store = self.assembly.store
        let clock = self.assembly.clock
        let patience = self.plan.patience
        var progress = RunProgress(clock: clock, isDrawn: Terminal.canDraw)
        await progress.run {
            guard let now = try await store.batch(batch.id, project: batch.project) else { throw StoreFailure.notFound }
            let receipt = Receipt(
                now, groups: try await store.totals(ChargeFilter(batch: batch.id)), status: now.status, now: clock.now)
            return RunProgress.State(
                total: receipt.lines, completed: receipt.completed, failed: receipt.failed,
                tokens: receipt.usage.total, cost: receipt.charged, waitsFor: service.waitsFor(now).map(WaitText.of))
        } check: { _ in
            guard let trouble = meters.trouble else { return }
            let limit: Duration
            switch trouble.kind {
            case "unreachable": limit = patience
            case "timeout": limit = patience * Self.slownessFactor
            default: limit = min(patience, Self.refusalPatience)
            }
            if clock.now.since(trouble.since) >= limit { stop.now(.engineLost(trouble.kind)) }
        }
    }
}

/// Stops the runner, and keeps the first reason.
private final class RunStop: Sendable {
    private let runner: BatchRunner
    private let first = Mutex<RunDriver.Ending?>(nil)

    init(_ runner: BatchRunner) { self.runner = runner }

    var ending: RunDriver.Ending? { self.first.withLock { $0 } }

    func now(_ ending: RunDriver.Ending) {
        self.first.withLock { if $0 == nil { $0 = ending } }
        self.runner.stop()
    }
}
