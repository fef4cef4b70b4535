import Gateway
import GatewayTesting
import Quantities
import Routing
import Synchronization
import Testing

@Suite("The scripted engine") struct ScriptedEngineTests {
    private final class Heard: AnswerSink {
        let words = Mutex<[String]>([])
        func head(_ head: AnswerHead) { self.words.withLock { $0.append("\(head.status)") } }
        func bytes(_ bytes: UnsafeRawBufferPointer) {
            self.words.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
        func end() { self.words.withLock { $0.append("end") } }
        func failed(_ failure: EngineFailure) { self.words.withLock { $0.append(failure.label) } }
        var all: [String] { self.words.withLock { $0 } }
    }

    private func request() throws -> EngineRequest {
        EngineRequest(
            engine: Engine(id: "local", url: try EngineURL("http://127.0.0.1:1"), kind: .vllm), path: "/x", body: [1],
            isStream: true, request: "req_1")
    }

    @Test("it plays its scripts in order and keeps the requests")
    func plays() throws {
        let engine = ScriptedEngine(delivery: .inline, scripts: [.answer("{}"), .stream(["data: 1", "\n\n"])])
        let heard = Heard()
        for _ in 0..<3 { _ = engine.send(try self.request(), to: heard) }
        #expect(heard.all == ["200", "{}", "end", "200", "data: 1", "\n\n", "end", "unreachable"])
        #expect(engine.requests.map(\.body) == [[1], [1], [1]])
    }

    @Test("it hangs until told, stops while nobody reads, and is silent after a cancellation")
    func waits() throws {
        let engine = ScriptedEngine(delivery: .inline) { _ in .hanging(then: .stream(["a", "b"])) }
        let heard = Heard()
        _ = engine.send(try self.request(), to: heard)
        let call = try #require(engine.calls.first)
        #expect(heard.all.isEmpty && call.isHanging)
        call.setReading(false)
        call.resume()
        #expect(heard.all.isEmpty)
        call.setReading(true)
        #expect(heard.all == ["200", "a", "b", "end"] && call.isFinished)

        _ = engine.send(try self.request(), to: heard)
        let second = try #require(engine.calls.last)
        second.cancel()
        second.resume()
        #expect(heard.all.count == 4 && second.isCancelled && !second.isFinished)
    }
}
