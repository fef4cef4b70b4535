import ConfigurationYAML
import Gateway
import Logging
import Quantities
import Routing
import Scheduling
import Synchronization

/// Keeps the routing table up to date: asks engines what they serve, again and again until they have answered.
final class EngineCatalog: Sendable {
    /// How often an engine that did not answer is asked again.
    static let retryInterval: Duration = .seconds(2)

    private let setups: Mutex<[EngineSetup]>
    private let reports = Mutex<[EngineID: EngineReport]>([:])
    /// Held while a table is built and put in place: of two refreshes the later one's table must stay.
    private let building = Mutex(())
    /// Each is told once.
    private let told = Mutex<Set<UnlistedModel>>([])
    private let toldTiers = Mutex<Set<String>>([])
    private let models: [ModelConfiguration]
    private let tiers: [TierSettings.Row]
    private let aliases: [(alias: String, engineModel: String)]
    private let discovery: EngineDiscovery
    private let directory: EngineDirectory
    private let engines: BatchEngines
    private let logger: Logger

    init(
        setups: [EngineSetup], models: [ModelConfiguration], aliases: [(alias: String, engineModel: String)],
        tiers: [TierSettings.Row] = [], client: any EngineClient, directory: EngineDirectory, engines: BatchEngines,
        logger: Logger
    ) {
        self.setups = Mutex(setups)
        self.models = models
        self.aliases = aliases
        self.tiers = tiers
        self.discovery = EngineDiscovery(client: client)
        self.directory = directory
        self.engines = engines
        self.logger = logger
    }

    var unanswered: [EngineID] {
        let reports = self.reports.withLock { $0 }
        return self.setups.withLock { $0 }.filter { $0.missingSecret == nil }.map(\.engine.id)
            .filter { reports[$0]?.isReachable != true }
    }

    var hasEngines: Bool { self.setups.withLock { !$0.isEmpty } }

    var allReports: [EngineReport] { self.reports.withLock { $0.values.sorted { $0.engine < $1.engine } } }

    /// Asks every engine that has not answered yet, at the same time, then builds the table anew.
    func refresh() async throws {
        let waiting = self.setups.withLock { $0 }.filter { self.unanswered.contains($0.engine.id) }
        await withTaskGroup(of: EngineReport.self) { group in
            for setup in waiting {
                group.addTask { await self.discovery.report(setup.engine, kind: setup.kind) }
            }
            for await report in group { self.learn(report) }
        }
        self.warnOfUnlisted()
        try self.building.withLock { _ in self.directory.replace(try self.table()) }
        self.warnOfTiers()
        self.engines.wakeAll()
    }

    private func learn(_ report: EngineReport) {
        let earlier = self.reports.withLock { $0.updateValue(report, forKey: report.engine) }
        if report.isReachable {
            self.setups.withLock { setups in
                for index in setups.indices where setups[index].engine.id == report.engine {
                    setups[index].learn(report)
                }
            }
            self.logger.info(
                "engine found",
                metadata: [
                    "engine": "\(report.engine)", "kind": "\(report.kind.rawValue)",
                    "models": "\(report.models.joined(separator: ", "))",
                ])
        } else if earlier == nil {
            self.logger.warning(
                "engine does not answer yet",
                metadata: ["engine": "\(report.engine)", "url": "\(report.url)", "reason": "\(report.problem ?? "")"])
        }
    }

    private func warnOfUnlisted() {
        let setups = self.setups.withLock { $0 }
        let reports = self.reports.withLock { $0 }
        let unlisted = UnlistedModel.find(setups: setups, reports: reports, models: self.models, aliases: self.aliases)
        for one in unlisted where self.told.withLock({ $0.insert(one).inserted }) {
            self.logger.warning(
                "a name stands for a model that its engine does not list",
                metadata: ["engine": "\(one.engine)", "name": "\(one.name)", "reason": "\(one.sentence)"])
        }
    }

    /// A tier for models that nobody serves is a tier for nobody. Known once all engines have answered.
    private func warnOfTiers() {
        let reports = self.reports.withLock { $0 }
        guard self.setups.withLock({ $0 }).allSatisfy({ reports[$0.engine.id]?.isReachable == true }) else { return }
        let known = self.directory.table.modelNames
        for row in self.tiers {
            for model in (row.tier.models ?? []).sorted() where !known.contains(model) {
                guard self.toldTiers.withLock({ $0.insert("\(row.tier.name) \(model)").inserted }) else { continue }
                let near = Suggestion.nearest(to: model, among: known).map { "did you mean '\($0)'?" }
                self.logger.warning(
                    "the configuration has a tier for a model that no engine serves",
                    metadata: ["tier": "\(row.tier.name)", "model": "\(model)", "reason": "\(near ?? "-")"])
            }
        }
    }

    /// Configured aliases first; engines without a list serve what they list themselves.
    private func table() throws -> RoutingTable {
        let setups = self.setups.withLock { $0 }
        let reports = self.reports.withLock { $0 }
        var aliases: [String: [EngineTarget]] = [:]
        for model in self.models where !model.targets.isEmpty {
            aliases[model.name] = model.targets.map { target in
                // An engine that is named alone may call the model otherwise, as its own list says.
                let listed = setups.first { $0.engine.id == target.engine }?.configuration.models
                let own = listed?.first { $0.name == model.name && target.engineModel == model.name }?.engineModel
                return EngineTarget(
                    engine: target.engine, engineModel: own ?? target.engineModel, weight: target.weight)
            }
        }
        for setup in setups {
            let id = setup.engine.id
            if let listed = setup.configuration.models {
                for model in listed {
                    Self.add(EngineTarget(engine: id, engineModel: model.engineModel), as: model.name, to: &aliases)
                }
                continue
            }
            let own = reports[id]?.models ?? []
            for name in own { Self.add(EngineTarget(engine: id, engineModel: name), as: name, to: &aliases) }
            for (alias, engineModel) in self.aliases where own.contains(engineModel) || own.isEmpty {
                Self.add(EngineTarget(engine: id, engineModel: engineModel), as: alias, to: &aliases)
            }
        }
        return try RoutingTable(engines: setups.map(\.engine), aliases: aliases)
    }

    private static func add(_ target: EngineTarget, as alias: String, to aliases: inout [String: [EngineTarget]]) {
        if aliases[alias]?.contains(where: { $0.engine == target.engine }) != true {
            aliases[alias, default: []].append(target)
        }
    }

    /// Asks until every engine has answered, then goes on looking for those that change.
    func run(clock: any GatewayClock) async {
        while (try? await clock.sleep(for: Self.retryInterval)) != nil {
            if self.unanswered.isEmpty { continue }
            do { try await self.refresh() } catch {
                self.logger.error("the routing table cannot be built", metadata: ["reason": "\(error)"])
            }
        }
    }
}
