import Quantities
import Scheduling

/// A scheduler with one clock, and everything that it has said.
struct Harness {
    var scheduler = Scheduler(now: Instant(seconds: 0))
    var now = Instant(seconds: 0)
    /// Actions of the last event.
    var actions: [SchedulerAction] = []
    /// Answers pulls at once with lines of these sizes; nil: leaves them to the test.
    var line: (prompt: Int, output: Int)? = (100, 100)
    var nextLine: UInt64 = 1_000_000
    /// Lines that were started, in order.
    var lines: [(key: WorkKey, batch: BatchID, engine: EngineID)] = []
    var refused: [WorkKey: Duration] = [:]
    var dispatched: [(key: WorkKey, engine: EngineID)] = []
    var preempted: [WorkKey] = []

    static let pool = PoolID("model")

    init(engines: [EngineProfile] = [Self.engine("one", 8)]) {
        for engine in engines { self.send(.engine(engine)) }
        self.send(.pool(Self.pool, engines.map(\.id)))
    }

    static func engine(
        _ id: EngineID, _ limit: Int, memory: Int? = nil, owned: Bool = true, protection: Protection = .fixed(64)
    ) -> EngineProfile {
        EngineProfile(
            id: id, limitStart: limit, limitMax: limit, memoryTokens: memory, isOwned: owned, isFixed: true,
            protection: protection)
    }

    mutating func send(_ event: SchedulerEvent) {
        var pending: [SchedulerAction] = []
        self.scheduler.handle(event, now: self.now, into: &pending)
        var place = 0
        while place < pending.count {
            self.note(pending[place], &pending)
            place += 1
        }
        self.actions = pending
    }

    private mutating func note(_ action: SchedulerAction, _ pending: inout [SchedulerAction]) {
        switch action {
        case .dispatch(let key, let engine): self.dispatched.append((key, engine))
        case .preempt(let key): self.preempted.append(key)
        case .refuse(let key, let retryAfter): self.refused[key] = retryAfter
        case .pull(let batch, let engine):
            guard let line else { return }
            self.nextLine += 1
            self.lines.append((WorkKey(self.nextLine), batch, engine))
            self.scheduler.handle(
                .lineStarted(
                    BatchLine(
                        key: WorkKey(self.nextLine), batch: batch, engine: engine, promptTokens: line.prompt,
                        outputTokens: line.output)),
                now: self.now, into: &pending)
        }
    }

    /// Lets time pass, with a tick each half second.
    mutating func pass(_ seconds: Double) {
        let end = self.now.advanced(by: .milliseconds(Int(seconds * 1_000)))
        while self.now.advanced(by: .milliseconds(500)) <= end {
            self.now = self.now.advanced(by: .milliseconds(500))
            self.send(.tick)
        }
        self.now = end
    }

    static func request(
        _ key: UInt64, _ lane: Lane = .standard, project: ProjectID = "proj_a", prompt: Int = 100, output: Int = 100,
        patience: Duration = .seconds(600), giveUpAt: Instant = Instant(seconds: 1_000_000), affinity: UInt64? = nil
    ) -> WorkRequest {
        WorkRequest(
            key: WorkKey(key), lane: lane, project: project, pool: Self.pool, promptTokens: prompt,
            outputTokens: output, patience: patience, giveUpAt: giveUpAt, affinity: affinity)
    }

    mutating func arrive(_ key: UInt64, _ lane: Lane = .standard, project: ProjectID = "proj_a") {
        self.send(.arrive(Self.request(key, lane, project: project)))
    }

    mutating func offer(
        _ batch: BatchID, project: ProjectID = "proj_b", lines: Int = 1_000, deadline: Int64 = 86_400
    ) {
        self.send(
            .offer(
                BatchOffer(
                    batch: batch, project: project, pool: Self.pool, deadline: Instant(seconds: deadline),
                    linesLeft: lines, promptTokens: 100, outputTokens: 100)))
    }

    mutating func finish(_ key: WorkKey, output: Int = 100) {
        self.send(.finished(key, WorkUsage(computedTokens: 100, outputTokens: output)))
    }

    /// Moves all lines past their first token.
    mutating func startTokens() {
        for line in self.lines { self.send(.firstToken(line.key)) }
    }

    var standing: EngineStanding { self.scheduler.engineStandings[0] }
}

extension Scheduler {
    /// What a request would find if it came now.
    func outlook(of request: WorkRequest) -> Outlook? {
        var copy = self
        var actions: [SchedulerAction] = []
        // The scheduler's own clock never goes back.
        copy.handle(.arrive(request), now: Instant(seconds: 0), into: &actions)
        return copy.outlook
    }
}
