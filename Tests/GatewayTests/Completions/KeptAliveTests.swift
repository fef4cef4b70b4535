import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Scheduling
import Testing

@Suite("Streams that stay connected while they wait") struct KeptAliveTests {
    private static let flex =
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"service_tier":"flex"}"#

    /// One place, taken by a standard request; a flex stream behind it that wants comments, or does not.
    private static func desk(wants: Duration?) async throws -> (desk: CompletionDesk, waiting: RecordingClient) {
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer)), .stream(CompletionDesk.chunks)], concurrency: 1)
        _ = try desk.ask(CompletionDesk.question, id: "req_first")
        let (client, _) = try desk.ask(Self.flex, id: "req_flex", wishes: ServiceWishes(keepAlive: wants))
        return (desk, client)
    }

    @Test("comments come at the wished interval until the answer begins, which follows as it would have")
    func comments() async throws {
        let (desk, client) = try await Self.desk(wants: .seconds(10))
        #expect(!client.state.began && desk.timers.durations == [.seconds(10)])
        desk.timers.fire()
        #expect(client.state.began && client.text == ": waiting\n\n")
        desk.timers.fire()
        #expect(client.text == ": waiting\n\n: waiting\n\n")
        desk.engine.calls[0].resume()
        #expect(client.text.contains(#""content":"yes""#) && client.text.hasSuffix("data: [DONE]\n\n"))
        let text = client.text
        desk.timers.fire()
        #expect(client.text == text && desk.timers.durations.isEmpty, "no comment follows the answer")
    }

    @Test("who did not ask for comments gets none")
    func unasked() async throws {
        let (desk, client) = try await Self.desk(wants: nil)
        desk.timers.fire()
        #expect(!client.state.began && client.text.isEmpty)
    }

    @Test("a refusal after a comment is an event in the stream; before one it is an answer of its own")
    func refusals() async throws {
        for isTold in [true, false] {
            let (desk, client) = try await Self.desk(wants: .seconds(10))
            if isTold { desk.timers.fire() }
            desk.clock.advance(by: .seconds(1_000))
            desk.scheduler.tick()
            #expect(client.state.ended == isTold)
            #expect((client.state.error == nil) == isTold)
            #expect(client.text.contains("resource_unavailable") == isTold)
            #expect(isTold || client.state.error?.answer.status == 429)
        }
    }
}
