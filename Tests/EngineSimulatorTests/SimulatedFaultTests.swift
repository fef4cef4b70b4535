import EngineSimulator
import NIOCore
import NIOPosix
import OpenAIWire
import Testing

@Suite("Faults and refusals over HTTP") struct SimulatedFaultTests {
    static let path = "/v1/chat/completions"
    static let stream = SimulatedEngineTests.chat(#""stream":true"#)

    @Test("status faults carry an OpenAI error and Retry-After where it belongs", arguments: [429, 500, 503])
    func status(_ status: Int) async throws {
        try await withEngine({ $0.retryAfterSeconds = 7 }) { _, client in
            let answer = try await client.ask(
                Self.path, SimulatedEngineTests.chat, headers: ["x-simulate-fault": "\(status)"])
            #expect(answer.status == status)
            #expect(answer.headers["retry-after"] == (status == 500 ? nil : "7"))
            #expect(try json(answer.body)["error"]?["message"]?.string?.contains("imulated") == true)
            let next = try await client.ask(Self.path, SimulatedEngineTests.chat)
            #expect(next.status == 200)
        }
    }

    @Test("a cut ends the answer in its middle", arguments: [true, false])
    func cut(_ isStream: Bool) async throws {
        try await withEngine { engine, client in
            let answer = try await client.ask(
                Self.path, isStream ? Self.stream : SimulatedEngineTests.chat, headers: ["x-simulate-fault": "cut"])
            #expect(answer.status == 200)
            #expect(!answer.isComplete)
            #expect(answer.body.contains("simulated"))
            #expect(!answer.body.contains("[DONE]"))
            let log = try await Self.log(engine)
            #expect(log["lines"]?[0]?["started"]?.integer == 1)
            #expect(log["lines"]?[0]?["finished"]?.integer == 0)
            #expect(log["lines"]?[0]?["faulted"]?.integer == 1)
        }
    }

    static func log(_ engine: SimulatedEngine) async throws -> JSONValue {
        let client = try await LoopbackClient.connect(port: engine.port, group: MultiThreadedEventLoopGroup.singleton)
        return try json(try await client.request("GET", "/simulator/log").body)
    }

    @Test("a reset closes the connection without a byte")
    func reset() async throws {
        try await withEngine { engine, client in
            let answer = try await client.ask(
                Self.path, SimulatedEngineTests.chat, headers: ["x-simulate-fault": "reset"])
            #expect(answer.status == 0)
            #expect(try await Self.log(engine)["started"]?.integer == 0)
        }
    }

    @Test("garbage is complete HTTP and no JSON", arguments: [true, false])
    func garbage(_ isStream: Bool) async throws {
        try await withEngine { _, client in
            let answer = try await client.ask(
                Self.path, isStream ? Self.stream : SimulatedEngineTests.chat, headers: ["x-simulate-fault": "garbage"])
            #expect(answer.status == 200)
            #expect(answer.isComplete)
            #expect(throws: JSONError.self) { try json(isStream ? events(answer.body)[0] : answer.body) }
        }
    }

    @Test("a hanging request takes no slot and is counted when its client leaves")
    func hang() async throws {
        try await withEngine({ $0.slots = 1 }) { engine, watcher in
            let client = try await LoopbackClient.connect(
                port: engine.port, group: MultiThreadedEventLoopGroup.singleton)
            try await client.post(Self.path, SimulatedEngineTests.chat, headers: ["x-simulate-fault": "hang"])
            #expect(try await watcher.ask(Self.path, SimulatedEngineTests.chat).status == 200)
            await client.close()
            for _ in 0..<20_000 {
                let metrics = try await watcher.request("GET", "/metrics").body
                if metrics.contains("outcome=\"fault\"} 1\n") { return }
            }
            Issue.record("the hanging request was never counted")
        }
    }

    @Test("configured faults come by rate and are the same in a second run")
    func rates() async throws {
        func run() async throws -> [Int] {
            var statuses: [Int] = []
            try await withEngine({
                $0.faults = [.tooManyRequests: 0.3, .unavailable: 0.2]
                $0.seed = 11
            }) { _, client in
                for _ in 0..<200 { statuses.append(try await client.ask(Self.path, SimulatedEngineTests.chat).status) }
            }
            return statuses
        }
        let first = try await run()
        #expect((40...80).contains(first.count { $0 == 429 }))
        #expect((20...60).contains(first.count { $0 == 503 }))
        #expect(try await run() == first)
    }

    @Test(
        "bad requests are refused as vLLM refuses them",
        arguments: [
            (#"{"model":"m","messages":[}"#, 400, "BadRequestError", ""),
            (#"{"model":"other","messages":[{"role":"user","content":"x"}]}"#, 404, "NotFoundError", ""),
            (#"{"model":"m"}"#, 400, "BadRequestError", ""),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"n":0}"#, 400, "BadRequestError", ""),
            (
                #"{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":40000}"#, 400,
                "invalid_request_error", "context_length_exceeded"
            ),
        ] as [(String, Int, String, String)])
    func refused(_ body: String, _ status: Int, _ type: String, _ code: String) async throws {
        try await withEngine { _, client in
            let answer = try await client.ask(Self.path, body)
            #expect(answer.status == status)
            let error = try json(answer.body)["error"]
            #expect(error?["type"]?.string == type)
            #expect(error?["code"] == (code.isEmpty ? .integer(status) : .string(code)))
        }
    }

    @Test("a key is asked for under /v1 only")
    func key() async throws {
        try await withEngine({ $0.apiKey = "sesame" }) { _, client in
            let headers = ["authorization": "Bearer sesame"]
            let without = try await client.ask(Self.path, SimulatedEngineTests.chat).status
            let with = try await client.ask(Self.path, SimulatedEngineTests.chat, headers: headers).status
            let health = try await client.request("GET", "/health").status
            #expect([without, with, health] == [401, 200, 200])
        }
    }

    @Test("a body beyond the limit is refused and the connection closed")
    func tooLarge() async throws {
        try await withEngine({ $0.bodyBytesMax = 1_024 }) { _, client in
            let answer = try await client.ask(Self.path, String(repeating: "x", count: 2_000))
            #expect(answer.status == 413)
            #expect(answer.headers["connection"] == "close")
        }
    }
}
