import Pricing
import Quantities
import Scheduling
import Simulation

/// What was asked on the command line, ready to run.
struct SimulationQuestion: Sendable {
    let study: Study
    let facts: StudyResult.Facts
    let policies: [Study.Policy]
    let engines: [Int]
    let move: Move?

    /// Reads options and files.
    init(_ options: SimulateOptions) throws(CommandFailure) {
        let window = try options.readWindow()
        let move = try options.readMove()
        let objectives = try options.readObjectives()
        var engines = try options.readEngines()
        let isComparison = move == nil && objectives.isEmpty && engines.count == 1
        let shape = try options.readShape()
        let rate = try options.readRate()
        let asked = try options.readDuration()
        let backlog = try options.readBacklog()
        let engineHour = try options.readEngineCost()
        let standard = isComparison ? ["alone", "flood", "engine-priority", "ebb"] : ["ebb"]
        self.policies = try options.readPolicies(default: standard)
        // A given duration cuts what is longer.
        let recording = try TraceFile.read(
            options.trace, format: try options.readFormat(), window: window,
            spanMax: asked == nil ? SimulateOptions.durationMax * 1_000_000_000 : TraceReader.spanMost)
        let expected = Load.expectedCount(recording, rate: rate, duration: asked)
        guard expected <= Double(Load.requestsMax) else {
            throw CommandFailure(
                "at this --rate and --duration the trace becomes \(FigureText.decimal(expected, 0)) requests, at most "
                    + "\(Load.requestsMax) can be simulated")
        }
        var load = Load(recording, rate: rate, seed: options.seed, duration: asked)
        // The last request comes at the end of the span, and belongs to it.
        let duration = asked ?? recording.span + 1
        if let path = options.batch {
            let lines = try TraceFile.read(path, format: nil, window: window).lines
            load.addBacklog(lines.count, like: lines, window: window)
        } else {
            let isPlain = recording.batches.isEmpty && recording.trace.requests.allSatisfy { $0.lane.isInteractive }
            let lines = backlog ?? (isComparison && isPlain ? SimulateOptions.backlogDefault : 0)
            load.addBacklog(lines, like: recording.lines, window: window)
        }
        if move != nil, engines.count == 1 { engines = Array(Set(SimulateOptions.moveEngines + engines)).sorted() }
        var study = Study(load, shape: shape, duration: duration, seed: options.seed, objectives: objectives)
        study.engineHour = engineHour
        study.prices = try Self.prices(options)
        self.study = study
        self.engines = engines
        self.move = move
        self.facts = StudyResult.Facts(
            load, trace: Self.name(options.trace), format: recording.format, study: study, engine: options.engine,
            rate: rate)
    }

    /// The file's name without its folder: the same trace gives the same report anywhere.
    private static func name(_ path: String) -> String {
        path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func prices(_ options: SimulateOptions) throws(CommandFailure) -> SimulatedPrices? {
        guard let model = options.prices else {
            if options.config != nil {
                throw CommandFailure("--config needs --prices MODEL: it is read for prices only")
            }
            return nil
        }
        let source = try PriceSource(configuration: options.config, prices: [])
        // The book's own day, so that the same command gives the same figures tomorrow.
        let day = try? Instant(rfc3339: source.book.version.prefix(10))
        let start = options.at?.instant ?? day ?? SystemClock().now
        let name = source.priceName(model)
        if source.book.tiers(name, at: start).isEmpty {
            Console.error("ebb: \(model) has no price on \(start.rfc3339); what it earns stays unpriced")
        }
        return SimulatedPrices(book: source.book, model: name, start: start)
    }

    /// Runs everything that the question needs.
    func answer() async -> StudyResult {
        if let move = self.move { return await self.answer(move) }
        let runs = await Self.sideBySide(
            self.engines.flatMap { engines in self.policies.map { policy in (policy, engines) } }
        ) { [study] policy, engines in study.run(policy, engines: engines) }
        return StudyResult(facts: self.facts, runs: runs, objectives: self.study.objectives)
    }

    /// Before and after side by side, with more engines until both hold.
    private func answer(_ move: Move) async -> StudyResult {
        let (load, count) = self.study.moved(move)
        let policy = self.policies.first ?? Study.Policy("ebb balanced", .ebb(.balanced))
        var before: [RunFigures] = []
        var after: [RunFigures] = []
        for engines in self.engines {
            let pair = await Self.sideBySide([false, true]) { [study] isMoved in
                study.run(policy, engines: engines, name: isMoved ? "after" : "before", load: isMoved ? load : nil)
            }
            before.append(pair[0])
            after.append(pair[1])
            if before.contains(where: \.holds), after.contains(where: { $0.holds && $0.keepsUp }) { break }
        }
        return StudyResult(
            facts: self.facts, runs: before + after, objectives: self.study.objectives,
            moved: StudyResult.Moved(move: move, requests: count, before: before, after: after))
    }

    /// Runs as many at a time as there are processors; results are in the order of what was asked.
    private static func sideBySide<Asked: Sendable>(
        _ all: [Asked], run: @escaping @Sendable (Asked) -> RunFigures
    ) async -> [RunFigures] {
        await withTaskGroup(of: (Int, RunFigures).self) { group in
            var results = [RunFigures?](repeating: nil, count: all.count)
            var started = 0
            func start() {
                guard started < all.count else { return }
                let (place, asked) = (started, all[started])
                group.addTask { (place, run(asked)) }
                started += 1
            }
            for _ in 0..<Processors.online { start() }
            for await (place, figures) in group {
                results[place] = figures
                start()
            }
            return results.compactMap { $0 }
        }
    }
}
