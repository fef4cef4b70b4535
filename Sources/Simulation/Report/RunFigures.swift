public import Quantities
public import Scheduling

/// What one run came to, in figures that can be shown: a ``SimulationReport`` without its single times.
public struct RunFigures: Sendable {
    /// Nanoseconds.
    public struct Times: Hashable, Sendable {
        public let count: Int
        public let p50: Int64
        public let p90: Int64
        public let p99: Int64

        init?(_ values: Distribution) {
            let found = values.percentiles([0.5, 0.9, 0.99])
            guard found.count == 3 else { return nil }
            self.count = values.count
            (self.p50, self.p90, self.p99) = (found[0], found[1], found[2])
        }
    }

    public struct LaneFigures: Sendable {
        public let lane: Lane
        public let requests: Int
        public let finished: Int
        public let refused: Int
        public let open: Int
        /// Of these, without a first token.
        public let unanswered: Int
        public let promptTokens: Int
        public let cachedTokens: Int
        public let outputTokens: Int
        public let preempted: Int
        public let wastedTokens: Int
        /// Requests without a first token at the end count with their wait so far.
        public let firstToken: Times?
        public let gap: Times?
        public let endToEnd: Times?
        /// Weighted tokens that one project was ahead of another; nil without Ebb's scheduler.
        public let spread: Double?

        public var name: String { self.lane == .standard ? "standard" : self.lane.tier.text }
    }

    public struct BatchFigures: Hashable, Sendable {
        public var batches = 0
        public var lines = 0
        public var finished = 0
        /// Batches whose window passed before their last line.
        public var missed = 0
        /// Lines that were handed in before the last tenth of the simulation, and those of them that are done.
        public var settledLines = 0
        public var settledFinished = 0
        /// Batches that were not handed in yet when the simulation ended.
        public var later = 0
    }

    public struct ProjectFigures: Sendable {
        public let project: ProjectID
        public let requests: Int
        public let finished: Int
        public let tokens: Int
        public let firstToken: Times?
    }

    public struct Reached: Hashable, Sendable {
        public let objective: Objective
        /// nil: there was nothing to measure.
        public let value: Int64?
        public var isHeld: Bool { self.value.map { $0 <= self.objective.limit } ?? true }
    }

    /// `ebb balanced`
    public let name: String
    public let engines: Int
    /// Nanoseconds.
    public let duration: Int64
    public let lanes: [LaneFigures]
    public let batches: BatchFigures
    public let projects: [ProjectFigures]
    /// Work over that of engines which are never idle with this traffic.
    public let utilisation: Double
    /// Share of the work that was thrown away.
    public let waste: Double
    public let backgroundTokensPerSecond: Double
    public let reached: [Reached]
    public let money: RunMoney?
    public let curves: RunCurves
    /// Broken rules of the scheduler.
    public let violations: Int

    /// - Parameters:
    ///   - saturated: work of a busy engine in each nanosecond.
    ///   - engineHour: what an engine costs.
    init(
        _ report: SimulationReport, name: String, policy: SimulationSetup.Policy, saturated: Double,
        objectives: [Objective], engineHour: Money?
    ) {
        self.name = name
        self.engines = report.engines
        self.duration = report.duration
        var isEbb = false
        if case .ebb = policy { isEbb = true }
        let lines = report.batches.filter { $0.createdAt * 1e9 <= Double(report.duration) }
        self.batches = Self.batches(report, handedIn: lines)
        let lineCount = self.batches.lines
        let severalProjects = report.projects.count > 1 || Set(lines.map(\.project)).count > 1
        self.lanes = Lane.allCases.compactMap { lane in
            let figures = Self.lane(
                lane, report[lane], lines: lineCount, hasSpread: isEbb && severalProjects)
            return figures.requests > 0 ? figures : nil
        }
        self.projects = report.projects.count < 2 ? [] : Self.projects(report)
        self.utilisation = saturated > 0 ? report.utilisation(of: saturated) : 0
        self.waste = report.waste
        self.backgroundTokensPerSecond = report.backgroundTokensPerSecond
        self.reached = objectives.map { Reached(objective: $0, value: $0.reached(report)) }
        self.money = RunMoney(report, engineHour: engineHour)
        self.curves = RunCurves(report)
        self.violations = report.violations.count
    }

    public subscript(lane: Lane) -> LaneFigures? { self.lanes.first { $0.lane == lane } }

    /// All objectives are held and no window passed.
    public var holds: Bool { self.batches.missed == 0 && self.reached.allSatisfy(\.isHeld) }

    /// Work that was handed in does not pile up and is not refused: nine tenths are done.
    public var keepsUp: Bool {
        let isFlexServed = self[.flex].map { $0.finished * 10 >= $0.requests * 9 } ?? true
        return isFlexServed && self.batches.settledFinished * 10 >= self.batches.settledLines * 9
    }

    /// More interactive requests came than the engines can answer.
    public var isOverloaded: Bool {
        self.lanes.contains { $0.lane.isInteractive && $0.unanswered >= 10 && $0.unanswered * 50 > $0.requests }
    }

    private static func batches(
        _ report: SimulationReport, handedIn: [SimulationReport.BatchReport]
    ) -> BatchFigures {
        var figures = BatchFigures()
        figures.batches = handedIn.count
        figures.later = report.batches.count - handedIn.count
        for batch in handedIn {
            figures.lines += batch.lines
            figures.finished += batch.finished
            if batch.isMissed { figures.missed += 1 }
            guard batch.createdAt * 1e9 <= 0.9 * Double(report.duration) else { continue }
            figures.settledLines += batch.lines
            figures.settledFinished += batch.finished
        }
        return figures
    }

    private static func lane(
        _ lane: Lane, _ report: SimulationReport.LaneReport, lines: Int, hasSpread: Bool
    ) -> LaneFigures {
        var waits = report.firstToken
        waits.add(report.stillWaiting)
        let requests = lane == .batch ? lines : report.arrived
        return LaneFigures(
            lane: lane, requests: requests, finished: report.finished, refused: report.refused,
            open: requests - report.finished - report.refused, unanswered: report.stillWaiting.count,
            promptTokens: report.promptTokens,
            cachedTokens: report.cachedTokens, outputTokens: report.outputTokens, preempted: report.preempted,
            wastedTokens: report.wastedTokens,
            // A line has no arrival of its own: its wait says nothing.
            firstToken: lane == .batch ? nil : Times(waits), gap: Times(report.gap),
            endToEnd: lane == .batch ? nil : Times(report.endToEnd), spread: hasSpread ? report.spreadMax : nil)
    }

    private static func projects(_ report: SimulationReport) -> [ProjectFigures] {
        report.projects.sorted { $0.key < $1.key }.map { project, figures in
            ProjectFigures(
                project: project, requests: figures.arrived, finished: figures.finished,
                tokens: figures.promptTokens + figures.outputTokens, firstToken: Times(figures.firstToken))
        }
    }
}
