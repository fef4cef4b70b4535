import Gateway
import GatewayTesting
import Quantities
import Routing
import Scheduling
import Synchronization
import Testing

/// A clock at whose next reading something happens: between two steps of whoever reads it.
private final class InterruptedClock: GatewayClock {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)

    func atNextReading(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

    var now: Instant {
        let body = self.body.withLock { body in
            defer { body = nil }
            return body
        }
        body?()
        return Instant(seconds: 1_790_000_000)
    }

    func sleep(for duration: Duration) async throws {}
}

@Suite("An offer of lines that comes late") struct LateOfferTests {
    private static let targets = [EngineTarget(engine: "e1", engineModel: "m")]

    private static func work(lines: Int) -> BatchEngines.Work {
        BatchEngines.Work(
            batch: "batch_1", project: "proj_a", model: "m", tier: .batch, deadline: Instant(seconds: 4_000_000_000),
            linesLeft: lines, promptTokens: 10, outputTokens: 10)
    }

    @Test("while the batch is asked for a line of the one before is heard, and it is asked again")
    func late() throws {
        let engine = Engine(
            id: "e1", url: try EngineURL("http://127.0.0.1:1"), kind: .vllm, stream: .asAsked, concurrency: 2)
        let clock = InterruptedClock()
        let scheduler = WorkScheduler(
            directory: EngineDirectory(table: try RoutingTable(engines: [engine], aliases: ["m": Self.targets])),
            clock: clock, logger: CapturedLog().logger, protection: { _ in .none })
        let engines = BatchEngines(scheduler: scheduler, clock: ManualClock())
        let isAsked = Atomic(false)
        scheduler.send(.available("e1", false))
        guard case .full = engines.choose(Self.work(lines: 5), Self.targets) else {
            Issue.record("the engine is away")
            return
        }
        let request = FakeWork(scheduler)
        scheduler.submit(request, LateDecisionTests.request(request, .standard))
        request.onDispatch {
            // The batch is asked next. Before it is, it has no use for places, and has one again while it answers.
            engines.park(Self.work(lines: 5))
            clock.atNextReading {
                guard case .full = engines.choose(Self.work(lines: 5), Self.targets) else {
                    Issue.record("the place has been taken")
                    return
                }
                engines.whenFree("batch_1") { isAsked.store(true, ordering: .relaxed) }
            }
        }
        scheduler.send(.available("e1", true))
        let wasAsked = isAsked.load(ordering: .relaxed)
        #expect(request.seen == ["dispatched"] && wasAsked, "its lines have a place")
    }
}
