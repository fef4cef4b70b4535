import Gateway
import GatewayTesting
import Quantities
import Routing
import Scheduling
import Synchronization
import Testing

/// Decisions are carried out after the scheduler's lock was let go: what a first one brings about may make the next
/// one late. Each test makes that happen in the calls of one thread.
@Suite("Decisions that come late") struct LateDecisionTests {
    static let project: ProjectID = "proj_a"

    /// Two places at an engine that takes background work at any time.
    static func scheduler() throws -> WorkScheduler {
        let engine = Engine(
            id: "e1", url: try EngineURL("http://127.0.0.1:1"), kind: .vllm, stream: .asAsked, concurrency: 2)
        let targets = [EngineTarget(engine: "e1", engineModel: "m")]
        let directory = EngineDirectory(table: try RoutingTable(engines: [engine], aliases: ["m": targets]))
        return WorkScheduler(
            directory: directory, clock: ManualClock(), logger: CapturedLog().logger, protection: { _ in .none })
    }

    static func request(_ work: FakeWork, _ lane: Lane) -> WorkRequest {
        WorkRequest(
            key: work.key, lane: lane, project: Self.project, pool: PoolID("m"), promptTokens: 10, outputTokens: 10,
            patience: .seconds(60), giveUpAt: Instant(seconds: 4_000_000_000))
    }

    static func set(_ scheduler: WorkScheduler, available: Bool) { scheduler.send(.available("e1", available)) }

    static let usage = WorkUsage(computedTokens: 10, outputTokens: 10)

    @Test("work that left between the decision and the dispatch is not sent, and its place is free")
    func left() throws {
        let scheduler = try Self.scheduler()
        let (first, second) = (FakeWork(scheduler), FakeWork(scheduler))
        Self.set(scheduler, available: false)
        scheduler.submit(first, Self.request(first, .standard))
        scheduler.submit(second, Self.request(second, .standard))
        first.onDispatch { scheduler.send(.gone(second.key)) }
        Self.set(scheduler, available: true)
        #expect(first.seen == ["dispatched"] && second.seen == [])
        #expect(scheduler.snapshot.engines[0].inFlight == 1)
        let third = FakeWork(scheduler)
        scheduler.submit(third, Self.request(third, .standard))
        #expect(third.seen == ["dispatched"])
    }

    @Test("work that lost its place between the decision and the dispatch is sent once, when it has one again")
    func lostPlace() throws {
        let scheduler = try Self.scheduler()
        let flex = [FakeWork(scheduler), FakeWork(scheduler)]
        let urgent = [FakeWork(scheduler), FakeWork(scheduler)]
        Self.set(scheduler, available: false)
        for work in flex { scheduler.submit(work, Self.request(work, .flex)) }
        flex[0].onDispatch { for work in urgent { scheduler.submit(work, Self.request(work, .standard)) } }
        Self.set(scheduler, available: true)
        #expect(flex[1].seen == ["preempted"], "its dispatch does not hold any more")
        #expect(flex[0].seen == ["dispatched", "preempted"])
        #expect(urgent.map(\.seen) == [["dispatched"], ["dispatched"]])
        for work in urgent { scheduler.send(.finished(work.key, Self.usage)) }
        #expect(flex[1].seen == ["preempted", "dispatched"])
        #expect(flex[0].seen == ["dispatched", "preempted", "dispatched"])
        #expect(scheduler.snapshot.engines[0].inFlight == 2)
    }

    @Test("work that cannot go back when it is to make room does not wait any more")
    func cannotGoBack() throws {
        let scheduler = try Self.scheduler()
        let flex = [FakeWork(scheduler, goesBack: false), FakeWork(scheduler, goesBack: false)]
        for work in flex { scheduler.submit(work, Self.request(work, .flex)) }
        let urgent = FakeWork(scheduler)
        scheduler.submit(urgent, Self.request(urgent, .standard))
        #expect(urgent.seen == ["dispatched"])
        #expect(flex.map(\.seen).filter { $0 == ["dispatched", "preempted"] }.count == 1)
        #expect(scheduler.snapshot.lanes[Lane.flex.rawValue].waiting == 0)
        scheduler.send(.finished(urgent.key, Self.usage))
        #expect(flex.map(\.seen.count).reduce(0, +) == 3, "nobody is sent twice")
    }

    @Test("a line that ended between the decision and the preemption is not told of it")
    func lineEnded() throws {
        let scheduler = try Self.scheduler()
        let lines = FakeLines(scheduler)
        scheduler.takeLines(from: lines)
        scheduler.send(
            .offer(
                BatchOffer(
                    batch: "batch_1", project: Self.project, pool: PoolID("m"),
                    deadline: Instant(seconds: 4_000_000_000),
                    linesLeft: 2, promptTokens: 10, outputTokens: 10)))
        let started = lines.started
        #expect(started.count == 2)
        let urgent = [FakeWork(scheduler), FakeWork(scheduler)]
        Self.set(scheduler, available: false)
        for work in urgent { scheduler.submit(work, Self.request(work, .standard)) }
        lines.onPreempt { key in
            for other in started where other != key { scheduler.send(.finished(other, Self.usage)) }
        }
        Self.set(scheduler, available: true)
        #expect(lines.preempted.count == 1, "the other one had ended")
        #expect(urgent.map(\.seen) == [["dispatched"], ["dispatched"]])
    }

    @Test("a place for a batch that nobody would come for is given back")
    func nobody() throws {
        let scheduler = try Self.scheduler()
        let lines = BatchEngines(scheduler: scheduler, clock: ManualClock())
        scheduler.send(
            .offer(
                BatchOffer(
                    batch: "batch_1", project: Self.project, pool: PoolID("m"),
                    deadline: Instant(seconds: 4_000_000_000),
                    linesLeft: 9, promptTokens: 10, outputTokens: 10)))
        #expect(scheduler.snapshot.engines[0].inFlight == 0)
        let request = FakeWork(scheduler)
        scheduler.submit(request, Self.request(request, .flex))
        #expect(request.seen == ["dispatched"])
        withExtendedLifetime(lines) {}
    }
}

/// A request that keeps what it is told.
final class FakeWork: ScheduledWork {
    private struct State {
        var seen: [String] = []
        var onDispatch: (@Sendable () -> Void)?
    }

    let key: WorkKey
    private let goesBack: Bool
    private let state = Mutex(State())

    init(_ scheduler: WorkScheduler, goesBack: Bool = true) {
        self.key = scheduler.newKey()
        self.goesBack = goesBack
    }

    var seen: [String] { self.state.withLock { $0.seen } }

    /// Done once, within the next dispatch.
    func onDispatch(_ body: @escaping @Sendable () -> Void) { self.state.withLock { $0.onDispatch = body } }

    private func note(_ word: String) { self.state.withLock { $0.seen.append(word) } }

    func dispatched(to engine: EngineID, key: WorkKey) {
        self.note("dispatched")
        let body = self.state.withLock { state in
            defer { state.onDispatch = nil }
            return state.onDispatch
        }
        body?()
    }

    func preempted(key: WorkKey, by: WorkIdentity?) -> Bool {
        self.note("preempted")
        return self.goesBack
    }

    func found(_ outlook: Outlook) {}
    func refused(key: WorkKey, retryAfter: Duration) { self.note("refused") }
    func stranded(key: WorkKey) { self.note("stranded") }
    func accessChanged(key: WorkKey) {}
    var outputTokens: Int { 0 }
    private var id: RequestID { RequestID("req_\(self.key.number)") }
    var identity: WorkIdentity { WorkIdentity(request: self.id, project: "proj_a") }
    var trace: RequestTrace {
        RequestTrace(
            request: self.id, project: "proj_a",
            path: RequestPath(tier: .flex, arrivedAt: Instant(seconds: 0)))
    }
}

/// A batch that sends a line whenever it may.
final class FakeLines: LineSource {
    private struct State {
        var started: [WorkKey] = []
        var preempted: [WorkKey] = []
        var onPreempt: (@Sendable (WorkKey) -> Void)?
    }

    private let scheduler: WorkScheduler
    private let state = Mutex(State())

    init(_ scheduler: WorkScheduler) { self.scheduler = scheduler }

    var started: [WorkKey] { self.state.withLock { $0.started } }
    var preempted: [WorkKey] { self.state.withLock { $0.preempted } }

    /// Done once, within the next preemption.
    func onPreempt(_ body: @escaping @Sendable (WorkKey) -> Void) { self.state.withLock { $0.onPreempt = body } }

    func place(of batch: BatchID, at engine: EngineID) {
        let key = self.scheduler.newKey()
        self.state.withLock { $0.started.append(key) }
        self.scheduler.send(
            .lineStarted(BatchLine(key: key, batch: batch, engine: engine, promptTokens: 10, outputTokens: 10)))
    }

    func preempted(line key: WorkKey, by: WorkIdentity?) {
        let body = self.state.withLock { state in
            defer { state.onPreempt = nil }
            state.preempted.append(key)
            return state.onPreempt
        }
        body?(key)
    }

    func isBack(_ engine: EngineID) {}
    func reportProgress() {}
}
