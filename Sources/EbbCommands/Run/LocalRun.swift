import ConfigurationYAML
import Gateway
import Logging
import NIOPosix
import OpenAIWire
import Pricing
import Quantities
import Routing
import StoreSQLite

/// A job that this process runs itself, with a data folder of its own.
struct LocalRun {
    /// The project that owns the jobs of a data folder.
    static let projectName = "run"

    let plan: RunPlan
    let identity: JobIdentity
    let assembly: GatewayAssembly
    let catalog: EngineCatalog
    let project: ProjectID

    static func run(
        _ plan: RunPlan, configuration: EbbConfiguration, setups: [EngineSetup],
        aliases: [(alias: String, engineModel: String)], data: String
    ) async throws {
        let identity = try JobIdentity(plan)
        try plan.checkOutput()
        let logger = Logs.make(configuration.log)
        let assembly = try await GatewayAssembly(
            configuration, data: data, setups: setups, group: .singleton, logger: logger)
        let catalog = EngineCatalog(
            setups: setups, models: configuration.models, aliases: aliases, client: assembly.client,
            directory: assembly.directory, engines: assembly.batchEngines, logger: logger)
        do {
            let bootstrap = Bootstrap(
                store: assembly.store, clock: assembly.clock, randomness: assembly.randomness)
            let known = try await assembly.store.project(named: Self.projectName)
            let project: ProjectRecord
            if let known {
                project = known
            } else {
                project = try await bootstrap.createProject(Self.projectName, cap: nil)
            }
            try await LocalRun(
                plan: plan, identity: identity, assembly: assembly, catalog: catalog, project: project.id
            ).run()
        } catch {
            await assembly.close()
            throw error
        }
        await assembly.close()
    }

    private func run() async throws {
        try await self.tidy()
        let earlier = try await self.earlierBatch()
        if let earlier, earlier.isTerminal, !self.plan.again {
            Console.error(Self.ended(earlier))
            return try await self.outputs.finish(earlier, status: earlier.status)
        }
        try await self.findEngines()
        if let earlier, !earlier.isTerminal { return try await self.resume(earlier) }
        let job = RunPreparation(
            plan: self.plan, identity: self.identity, assembly: self.assembly, project: self.project)
        let prepared = try await job.prepare()
        guard let order = prepared.order else { return RunReport(self.plan, quote: prepared.quote).show(nil) }
        try await self.drive(prepared.quote) { _, batches in
            try await batches.create(order, project: self.project, key: nil)
        }
    }

    /// What crashes and time left behind.
    private func tidy() async throws {
        let sweeper = RetentionSweeper(
            files: self.assembly.files, store: self.assembly.store, blobs: self.assembly.blobs,
            clock: self.assembly.clock, logger: self.assembly.logger)
        try await sweeper.removeOrphans()
        try await sweeper.sweep()
    }

    /// The newest batch of this job that was not refused.
    private func earlierBatch() async throws -> BatchRecord? {
        var page = PageRequest(limit: 100)
        while true {
            let batches = try await self.assembly.store.batches(project: self.project, page: page)
            for batch in batches.items where batch.status != "failed" {
                let isThis = batch.metadata?.contains {
                    $0.key == Receipt.Key.job && $0.value == self.identity.text
                }
                if isThis == true { return batch }
            }
            guard batches.hasMore, let last = batches.items.last else { return nil }
            page.after = last.id.text
        }
    }

    private func findEngines() async throws {
        try await self.catalog.refresh()
        let reports = self.catalog.allReports
        if reports.contains(where: \.isReachable) { return }
        let reasons = reports.map { "\($0.url): \($0.problem ?? "no answer")" }.joined(separator: "; ")
        throw CommandFailure("no engine can be used: \(reasons)", status: ExitStatus.engineUnreachable)
    }

    private func resume(_ batch: BatchRecord) async throws {
        if let model = batch.model, self.assembly.directory.targets(for: model) == nil {
            throw JobConversion.unserved(model, self.assembly.directory.table.modelNames)
        }
        var row = batch
        if let cap = self.plan.maxCost { row.maxCost = cap }
        // The window of a job that was stopped begins anew: nobody was working on it in between.
        row.expiresAt = max(row.expiresAt, self.assembly.clock.now.advanced(by: self.plan.tier.window.duration))
        let stored = try await self.assembly.store.update(row, expecting: [batch.status], files: []).batch
        let done = Int64(stored.completedLines) + Int64(stored.failedLines)
        let spent = try await self.outputs.receipt(stored, status: stored.status).charged
        var text = "Resuming: \(Figures.count(done)) of \(Figures.count(Int64(stored.totalLines))) lines are done"
        if let spent { text += ", \(Figures.money(spent)) charged so far" }
        Console.error(text + ".")
        if self.plan.quoteOnly { return RunReport(self.plan, quote: nil).show(nil) }
        try await self.drive(nil) { runner, _ in
            runner.submit(stored)
            return stored
        }
    }

    private var outputs: RunOutputs { RunOutputs(plan: self.plan, assembly: self.assembly, project: self.project) }

    /// Runs one batch to its end, or until something stops it.
    private func drive(
        _ quote: QuoteReport?, _ start: (BatchRunner, BatchService) async throws -> BatchRecord
    ) async throws {
        let driver = RunDriver(plan: self.plan, assembly: self.assembly, catalog: self.catalog)
        let (batch, ending) = try await driver.run(start)
        guard let record = try await self.assembly.store.batch(batch.id, project: self.project) else {
            throw StoreFailure.notFound
        }
        switch ending {
        case .ended: try await self.outputs.finish(record, status: record.status, quote: quote)
        case .capReached: try await self.outputs.finish(record, status: "cap_reached", quote: quote)
        case .interrupted:
            throw CommandFailure(
                "stopped. \(self.standing(record)) Run the same command again to go on; lines in flight were given up.",
                status: ExitStatus.interrupted)
        case .engineLost(let kind):
            throw CommandFailure(
                "\(Self.reason(kind)). \(self.standing(record)) Run the same command again to go on.",
                status: ExitStatus.engineUnreachable)
        case .storeFailed:
            throw CommandFailure(
                "the store failed. \(self.standing(record)) Run the same command again to go on.",
                status: ExitStatus.store)
        }
    }

    private func standing(_ batch: BatchRecord) -> String {
        let done = Int64(batch.completedLines) + Int64(batch.failedLines)
        return "\(Figures.count(done)) of \(Figures.count(Int64(batch.totalLines))) lines are done and kept."
    }

    /// What to expect of a job that is over. One that a gateway ended cannot go on: its batch has its output files.
    private static func ended(_ batch: BatchRecord) -> String {
        let left = Int64(batch.totalLines) - Int64(batch.completedLines) - Int64(batch.failedLines)
        guard left > 0 else { return "This job is finished; nothing is run or paid again (--again would)." }
        let end =
            switch batch.status {
            case "expired": "expired"
            case "cancelled" where batch.errors.contains { $0.code == "cost_limit_reached" }:
                "was ended at its cost limit by a gateway on this folder"
            default: "was cancelled by a gateway on this folder"
            }
        let all = Figures.count(Int64(batch.totalLines))
        return "This job \(end); \(Figures.count(left)) of \(all) lines have not run. "
            + "It cannot be resumed: only --again runs it, all lines, and pays for all of them."
    }

    private static func reason(_ kind: String) -> String {
        switch kind {
        case "credential": "the engine refuses the API key"
        case "billing": "the engine says that its account has no money left"
        case "timeout": "the engine does not answer in time"
        default: "the engine cannot be reached"
        }
    }
}
