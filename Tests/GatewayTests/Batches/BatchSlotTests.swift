import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("The slots that a batch asks an engine for", .timeLimit(.minutes(1))) struct BatchSlotTests {
    /// Three beginnings of several lines each, apart from each other, and three lines that are alone.
    private static let texts: [String] = {
        let shared = String(repeating: "shared words ", count: 20)
        let grouped: [String] = (0..<9).map { "\($0 % 3) \(shared)question \($0)" }
        let single: [String] = (0..<3).map { "alone \($0) \(shared)" }
        return single[0..<2] + grouped + single[2...]
    }()

    private func requests(kind: EngineKind) async throws -> [(text: String, slot: Int64?)] {
        let desk = try await BatchDesk(kind: kind, places: 2)
        try await desk.running {
            _ = try await desk.submit(
                Self.texts.map { #"{"model":"m","messages":[{"role":"user","content":"\#($0)"}],"max_tokens":5}"# })
            #expect(await desk.exit() == .ended)
        }
        return try desk.engine.requests.map { request in
            let body = try JSONValue(parsing: request.body)
            return (
                try #require(body["messages"]?.array?.first?["content"]?.string),
                body["id_slot"]?.integer
            )
        }
    }

    @Test("llama.cpp is told one for lines that share a beginning, the same for one beginning, and none for others")
    func llama() async throws {
        let requests = try await self.requests(kind: .llamacpp)
        #expect(requests.map(\.text).sorted() == Self.texts.sorted())
        let grouped = requests.filter { !$0.text.hasPrefix("alone") }
        #expect(grouped.allSatisfy { $0.slot != nil && (0..<2).contains($0.slot ?? -1) })
        #expect(requests.filter { $0.text.hasPrefix("alone") }.allSatisfy { $0.slot == nil })
        for group in ["0 ", "1 ", "2 "] {
            #expect(Set(grouped.filter { $0.text.hasPrefix(group) }.map(\.slot)).count == 1)
        }
    }

    @Test("more slots that are found while it runs are used, and one that is not there is asked for no more")
    func found() async throws {
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await BatchDesk(kind: .llamacpp, places: 1) { _ in hanging }
        func slots() throws -> [Int64?] {
            try desk.engine.requests.map { try JSONValue(parsing: $0.body)["id_slot"]?.integer }
        }
        func learn(concurrency: Int) throws {
            var engine = try #require(desk.directory.table.engines["e1"])
            engine.concurrency = concurrency
            desk.directory.replace(try RoutingTable(engines: [engine], aliases: desk.directory.table.aliases))
        }
        func wait(requests: Int) async {
            while desk.engine.requests.count < requests {
                desk.scheduler.tick()
                await Task.yield()
            }
        }
        try await desk.running {
            _ = try await desk.submit(
                Self.texts[2..<11].map { #"{"model":"m","messages":[{"role":"user","content":"\#($0)"}]}"# })
            await wait(requests: 1)
            try learn(concurrency: 3)
            // Time for the limit of background work to follow.
            for _ in 0..<200 {
                desk.clock.advance(by: .milliseconds(500))
                desk.scheduler.tick()
            }
            await wait(requests: 3)
            #expect(try Set(slots()) == [0, 1, 2])
            try learn(concurrency: 2)
            for call in 0..<9 {
                await wait(requests: call + 1)
                desk.engine.calls[call].resume()
            }
            #expect(await desk.exit() == .ended)
        }
        #expect(try slots().count == 9)
        #expect(try slots().dropFirst(3).allSatisfy { $0.map { (0..<2).contains($0) } ?? true })
    }

    @Test("a line's own one stays, and is the only one") func own() async throws {
        let desk = try await BatchDesk(kind: .llamacpp, places: 2)
        let names = ["id_slot", "id\\u005fslot"]
        try await desk.running {
            _ = try await desk.submit(
                Self.texts.enumerated().map { number, text in
                    #"{"model":"m","\#(names[number % 2])":7,"messages":[{"role":"user","content":"\#(text)"}]}"#
                })
            #expect(await desk.exit() == .ended)
        }
        #expect(desk.engine.requests.count == Self.texts.count)
        for request in desk.engine.requests {
            let members = try #require(try JSONValue(parsing: request.body).members)
            #expect(members.filter { $0.key == "id_slot" }.map(\.value.integer) == [7])
        }
    }

    @Test("engines with one cache are told none") func shared() async throws {
        let requests = try await self.requests(kind: .vllm)
        #expect(requests.count == Self.texts.count && requests.allSatisfy { $0.slot == nil })
    }
}
