import Gateway
import GatewayTesting
import Quantities
import Routing
import Scheduling
import Testing

@Suite("What engines tell of their load", .timeLimit(.minutes(1))) struct EngineWatchTests {
    /// Whether the engine was known as its metrics say, after it was asked twice.
    private func sampled(_ kind: EngineKind, _ text: String) async throws -> Bool {
        let engine = Engine(id: "e1", url: try EngineURL("http://127.0.0.1:1"), kind: kind)
        let directory = EngineDirectory(
            table: try RoutingTable(
                engines: [engine], aliases: ["m": [EngineTarget(engine: "e1", engineModel: "m")]]))
        let clock = ManualClock()
        let scheduler = WorkScheduler(directory: directory, clock: clock, logger: CapturedLog().logger)
        let client = ScriptedEngine(fetch: { _ throws(EngineFailure) in
            EngineFetchAnswer(status: 200, contentType: "text/plain", body: Array(text.utf8))
        })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await EngineWatch(scheduler: scheduler, client: client, clock: clock).run() }
            // It sleeps again only when the answers have been told.
            for _ in 0..<2 {
                await clock.waitForSleepers(1)
                clock.advance(by: .seconds(1))
            }
            await clock.waitForSleepers(1)
            group.cancelAll()
        }
        return scheduler.snapshot.engines[0].sampledAt != nil
    }

    /// Texts, and how many wait and run by them: over all workers of an engine.
    static let texts: [(EngineKind, String, waiting: Int, running: Int)] = [
        (
            .vllm,
            """
            # HELP vllm:num_requests_running Requests running.
            vllm:num_requests_running{engine="0",model_name="a }b"} 3.0
            vllm:num_requests_running{engine="1",model_name="a }b"} 20.0
            vllm:num_requests_waiting{engine="0",model_name="a }b"} 1.0
            vllm:num_requests_waiting{engine="1",model_name="a }b"} 5.0
            vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 100.0
            """, waiting: 6, running: 23
        ),
        (.simulated, "vllm:num_requests_waiting 4\nvllm:num_requests_running\t7 170000000\n", waiting: 4, running: 7),
        (
            .sglang, "sglang:num_running_reqs{tp_rank=\"0\"} 2.0\nsglang:num_queue_reqs{tp_rank=\"0\"} 1.0\n",
            waiting: 1, running: 2
        ),
        (.sglang, "sglang_num_running_reqs 2\nsglang_num_queue_reqs 0\n", waiting: 0, running: 2),
        (.llamacpp, "llamacpp:requests_processing 1\nllamacpp:requests_deferred 9\n", waiting: 9, running: 1),
    ]

    @Test("the names of each kind are known, whatever their labels, and their series added up", arguments: Self.texts)
    func names(_ kind: EngineKind, _ text: String, waiting: Int, running: Int) async throws {
        #expect(
            EngineLoadText.read(Array(text.utf8), kind: kind)
                == EngineLoadText.Load(waiting: waiting, running: running))
        #expect(try await self.sampled(kind, text))
    }

    @Test(
        "half of the counts, names that only begin alike and nonsense tell nothing",
        arguments: [
            (EngineKind.vllm, "vllm:num_requests_running 3\n"),
            (.vllm, "vllm:num_requests_running 3\nvllm:num_requests_waiting_by_reason{reason=\"x\"} 1\n"),
            (.vllm, "vllm:num_requests_running 3\nvllm:num_requests_waiting NaN\n"),
            (.llamacpp, "vllm:num_requests_running 3\nvllm:num_requests_waiting 1\n"),
            (.ollama, "llamacpp:requests_processing 1\nllamacpp:requests_deferred 0\n"),
        ])
    func nonsense(_ kind: EngineKind, _ text: String) async throws {
        #expect(try await !self.sampled(kind, text))
    }
}
