import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("Which engine runs which lines of a batch", .timeLimit(.minutes(1))) struct BatchEngineGroupTests {
    private static let groups = 6
    private static let each = 4

    /// Lines of one beginning stand far apart in the file.
    private static let bodies: [String] = (0..<Self.groups * Self.each).map { number in
        let shared = String(repeating: "shared words ", count: 20)
        let text = "\(number % Self.groups) \(shared)question \(number)"
        return #"{"model":"m","messages":[{"role":"user","content":"\#(text)"}],"max_tokens":5}"#
    }

    /// The engine of each request and the group that its line is of.
    private static func seen(_ desk: BatchDesk) throws -> [(engine: EngineID, group: String)] {
        try desk.engine.requests.map { request in
            let body = try JSONValue(parsing: request.body)
            let text = try #require(body["messages"]?.array?.first?["content"]?.string)
            return (request.engine.id, String(text.prefix(1)))
        }
    }

    @Test("lines that begin alike go to one engine, whichever engine has room") func groups() async throws {
        let desk = try await BatchDesk(engines: 2)
        try await desk.running {
            _ = try await desk.submit(Self.bodies)
            #expect(await desk.exit() == .ended)
        }
        let seen = try Self.seen(desk)
        #expect(seen.count == Self.bodies.count && Set(seen.map(\.engine)).count == 2)
        let engines = Dictionary(grouping: seen, by: \.group).values.map { Set($0.map(\.engine)).count }
        // The last group may be cut, so that no engine idles.
        #expect(engines.count == Self.groups && engines.reduce(0, +) <= Self.groups + 1)
    }

    @Test("an engine that is away gives its groups back, and every line ends") func away() async throws {
        let desk = try await BatchDesk(engines: 2) { request in
            request.engine.id == "e2"
                ? .failure(EngineFailure(.unreachable, message: "gone")) : .answer(CompletionDesk.answer)
        }
        try await desk.running {
            let id = try await desk.submit(Self.bodies)
            while try await desk.batch(id).status != "completed" {
                desk.clock.advance(by: .milliseconds(50))
                desk.timers.fire()
                desk.scheduler.tick()
                await Task.yield()
            }
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == Int32(Self.bodies.count))
        }
        #expect(try Self.seen(desk).filter { $0.engine == "e1" }.count == Self.bodies.count)
    }
}
