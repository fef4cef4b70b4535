import Batching
import Quantities
import Scheduling

/// Runs a setup under a virtual clock: trace and engines feed the scheduler with what happens, and do what it says.
///
/// The second driver of ``Scheduler`` beside the gateway. Deterministic: the same setup gives the same report.
public struct Simulation: Sendable {
    static let tickEvery: Int64 = 500_000_000

    struct Flight: Sendable {
        let request: TraceRequest
        let arrivedAt: Int64
        let batch: Int?
        let line: Int
        var engine = -1
        var firstTokenAt: Int64?
        /// Seconds, when it came; nil: nobody waited then, or it was sent already.
        var predictedWait: Double?
    }

    struct BatchState: Sendable {
        let batch: SimulatedBatch
        var next = 0
        /// Lines that lost their place, the first to go last.
        var returned: [Int] = []
        /// Lines that came back from an engine at all.
        var returnedOnce: Set<Int> = []
        var preemptions: [Int: Int] = [:]
        var finished = 0
        var startedAt: Int64?
        var endedAt: Int64?
        var tokens = 0
        var fates: [LineFate]
        var isWithdrawn = false
        /// Which line is next at which engine; nil: the next one in their order.
        var plan: LanePlan?
        var meanPrompt = 1
        var meanOutput = 1

        init(_ batch: SimulatedBatch) {
            self.batch = batch
            self.fates = [LineFate](repeating: .waiting, count: batch.lines.count)
        }

        var linesLeft: Int { self.batch.lines.count - self.next + self.returned.count }

        /// Each of the engines is to get lines that begin alike.
        mutating func group(engines: Int) {
            var builder = PrefixOrderBuilder()
            for line in self.batch.lines {
                builder.append(chain: line.chain, outputTokens: UInt32(clamping: line.outputTokens))
            }
            self.plan = LanePlan(builder.build(), slots: engines)
        }

        /// The next line that is sent for the first time.
        mutating func fresh(at engine: Int) -> Int? {
            guard self.next < self.batch.lines.count else { return nil }
            defer { self.next += 1 }
            return self.plan == nil ? self.next : self.plan?.next(lane: engine)?.line
        }
    }

    enum LineFate: UInt8, Sendable { case waiting, running, ended }

    struct Server: Sendable {
        let id: EngineID
        var engine: SteppedEngine
        /// When the step under way ends; nil: idle.
        var stepEnds: Int64?
        var stepBegan: Int64 = 0
        var isUp = true
    }

    let setup: SimulationSetup
    var dispatcher: Dispatcher
    var servers: [Server] = []
    var serverIndex: [EngineID: Int] = [:]
    var flights: [UInt64: Flight] = [:]
    var batches: [BatchState] = []
    var batchIndex: [BatchID: Int] = [:]
    var nextKey: UInt64 = 1
    var nextArrival = 0
    var now: Int64 = 0
    var actions: [SchedulerAction] = []
    var outcomes: [SteppedEngine.Outcome] = []
    var report: SimulationReport
    /// What an answer will probably be long, learnt from those that ended.
    var expectedOutput: [Double]
    var waitingBatches: [Int] = []
    var incidents: [Incident]
    var nextIncident = 0
    /// Work of engines that died.
    var retired: Int64 = 0
    public private(set) var log = EventLog()

    static let pool = PoolID("model")

    public init(_ setup: SimulationSetup) {
        self.setup = setup
        self.incidents = setup.incidents
        if let slots = setup.slotsAtHalfTime { self.incidents.append(Incident(at: setup.duration / 2, .slots(slots))) }
        self.incidents.sort { $0.at < $1.at }
        let start = Instant(nanoseconds: 0)
        switch setup.policy {
        case .ebb: self.dispatcher = .ebb(Scheduler(now: start))
        case .flood, .floodWithPriority, .alone: self.dispatcher = .direct(DirectDispatcher())
        }
        self.report = SimulationReport(setup: setup)
        self.expectedOutput = [Double](repeating: 200, count: Lane.allCases.count)
    }

    /// Another policy in the place of the setup's.
    init(_ setup: SimulationSetup, comparison: ComparisonDispatcher) {
        self.init(setup)
        self.dispatcher = .comparison(comparison)
    }

    /// Runs to the end of the setup's duration.
    public mutating func run() -> SimulationReport {
        self.begin()
        var nextTick: Int64 = 0
        var nextSample: Int64 = self.setup.sampleEvery ?? .max
        while true {
            var next = min(nextTick, nextSample)
            if self.nextIncident < self.incidents.count { next = min(next, self.incidents[self.nextIncident].at) }
            if self.nextArrival < self.setup.trace.requests.count {
                next = min(next, self.setup.trace.requests[self.nextArrival].arrival)
            }
            for server in self.servers { next = min(next, server.stepEnds ?? .max) }
            if let first = self.waitingBatches.first { next = min(next, self.batches[first].batch.createdAt) }
            guard next < self.setup.duration else { break }
            self.now = next
            for index in self.servers.indices where self.servers[index].stepEnds == next { self.endStep(index) }
            while let first = self.waitingBatches.first, self.batches[first].batch.createdAt <= next {
                self.waitingBatches.removeFirst()
                self.offer(first)
            }
            while self.nextArrival < self.setup.trace.requests.count,
                self.setup.trace.requests[self.nextArrival].arrival <= next
            {
                self.arrive(self.setup.trace.requests[self.nextArrival])
                self.nextArrival += 1
            }
            while self.nextIncident < self.incidents.count, self.incidents[self.nextIncident].at <= next {
                self.nextIncident += 1
                self.happen(self.incidents[self.nextIncident - 1].kind)
            }
            if next == nextSample {
                nextSample += self.setup.sampleEvery ?? 1
                self.sample()
            }
            if next == nextTick {
                nextTick += Self.tickEvery
                self.tick()
            }
            self.startSteps()
        }
        self.now = self.setup.duration
        self.finishReport()
        return self.report
    }

    private mutating func begin() {
        let protection: Protection
        if case .ebb(let asked) = self.setup.policy { protection = asked } else { protection = .none }
        var shape = self.setup.shape
        if self.setup.policy == .floodWithPriority { shape.ordersByPriority = true }
        for number in 0..<self.setup.engines {
            let id = EngineID("engine-\(number + 1)")
            self.serverIndex[id] = number
            self.servers.append(Server(id: id, engine: SteppedEngine(shape)))
            let start = self.setup.limitStart ?? shape.slots
            self.send(
                .engine(
                    EngineProfile(
                        id: id, limitStart: start, limitMax: self.setup.hasFixedLimit ? start : max(start, 512),
                        memoryTokens: shape.memoryTokens, isFixed: self.setup.hasFixedLimit, protection: protection)))
        }
        self.send(.pool(Self.pool, self.servers.map(\.id)))
        for (project, weight) in self.setup.weights.sorted(by: { $0.key < $1.key }) {
            self.send(.weight(project, weight))
        }
        if self.setup.policy != .alone {
            for batch in self.setup.batches {
                var state = BatchState(batch)
                let count = max(1, batch.lines.count)
                state.meanPrompt = batch.lines.reduce(0) { $0 + $1.promptTokens } / count
                state.meanOutput = batch.lines.reduce(0) { $0 + $1.outputTokens } / count
                if self.setup.groupsByEngine { state.group(engines: self.setup.engines) }
                self.batchIndex[batch.id] = self.batches.count
                self.batches.append(state)
            }
            self.waitingBatches = self.batches.indices.sorted {
                self.batches[$0].batch.createdAt < self.batches[$1].batch.createdAt
            }
        }
    }

    /// Gives the scheduler an event and does what it says; what that brings about may say more.
    mutating func send(_ event: SchedulerEvent) {
        let instant = Instant(nanoseconds: self.now)
        var pending: [SchedulerAction] = []
        self.tell(event, instant, &pending)
        var place = 0
        while place < pending.count {
            let action = pending[place]
            place += 1
            guard let answer = self.perform(action) else { continue }
            self.tell(answer, instant, &pending)
        }
    }

    private mutating func tell(_ event: SchedulerEvent, _ instant: Instant, _ pending: inout [SchedulerAction]) {
        let before = pending.count
        self.dispatcher.handle(event, now: instant, into: &pending)
        if case .arrive(let work) = event, case .ebb(let scheduler) = self.dispatcher {
            self.flights[work.key.number]?.predictedWait = scheduler.outlook?.predictedWait
        }
        if self.setup.keepsLog { self.log.note(event, at: instant, pending[before...]) }
    }

    /// - Returns: the event that answers the action.
    private mutating func perform(_ action: SchedulerAction) -> SchedulerEvent? {
        switch action {
        case .dispatch(let key, let engine):
            self.start(key.number, at: engine)
            return nil
        case .pull(let batch, let engine): return self.pull(batch, engine)
        case .preempt(let key):
            self.preempted(key.number)
            return nil
        case .refuse(let key, _):
            if let flight = self.flights.removeValue(forKey: key.number) { self.report.refused(flight.request.lane) }
            return nil
        }
    }
}
