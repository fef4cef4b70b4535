import Gateway
import GatewayTesting
import Quantities
import Routing
import Scheduling
import Testing

@Suite("What engines tell of their load", .timeLimit(.minutes(1))) struct EngineWatchTests {
    /// When the engine was known as its metrics say, after it was asked twice; nil: they say nothing.
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

    @Test(
        "the names of each kind are known, whatever their labels",
        arguments: [
            (
                EngineKind.vllm,
                """
                # HELP vllm:num_requests_running Requests running.
                vllm:num_requests_running{engine="0",model_name="a }b"} 3.0
                vllm:num_requests_waiting{engine="0",model_name="a }b"} 0.0
                """
            ),
            (.sglang, "sglang:num_running_reqs{tp_rank=\"0\"} 2.0\nsglang:num_queue_reqs{tp_rank=\"0\"} 1.0\n"),
            (.sglang, "sglang_num_running_reqs 2\nsglang_num_queue_reqs 1\n"),
            (.llamacpp, "llamacpp:requests_processing 1\nllamacpp:requests_deferred 0\n"),
        ])
    func names(_ kind: EngineKind, _ text: String) async throws {
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
