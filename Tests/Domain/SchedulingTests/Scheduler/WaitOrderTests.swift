import Quantities
import Scheduling
import Testing

/// I13: the same events have the same effects, however a dictionary orders what it holds.
@Suite struct WaitOrderTests {
    /// What a request finds before forty places that took requests of uneven length.
    ///
    /// - Parameter guests: requests that run elsewhere before and leave again. Dictionaries keep the room that they
    ///   took, and with another room they have another order.
    static func outlook(guests: Int) throws -> Double {
        var harness = Harness(engines: [Harness.engine("one", 40, protection: .fixed(40))])
        harness.send(.engine(Harness.engine("other", 10_000)))
        harness.send(.pool(Self.other, ["other"]))
        let keys = (0..<guests).map { WorkKey(UInt64(10_000 + $0)) }
        for key in keys { harness.send(.arrive(Self.guest(key))) }
        for key in keys { harness.send(.gone(key)) }
        for number in 0..<40 {
            harness.arrive(UInt64(number), .flex)
            harness.now = harness.now.advanced(by: .milliseconds(37))
        }
        for number in 0..<40 {
            harness.now = harness.now.advanced(by: .milliseconds(71))
            harness.finish(WorkKey(UInt64(number)), output: 37 + number * number)
        }
        // Three places are kept free.
        for number in 0..<37 {
            harness.now = harness.now.advanced(by: .microseconds(3_333 + number * 7))
            // One ends soon, so that what is left of all says when a place is free.
            let (prompt, output) = number == 0 ? (1, 1) : (77 + number, 1_001 + 13 * number % 97)
            harness.send(.arrive(Harness.request(UInt64(100_000 + number), .flex, prompt: prompt, output: output)))
        }
        let next = Harness.request(1, .flex)
        return try #require(harness.scheduler.outlook(of: next)).predictedWait
    }

    static let other = PoolID("other")

    static func guest(_ key: WorkKey) -> WorkRequest {
        WorkRequest(
            key: key, lane: .standard, project: "proj_a", pool: Self.other, promptTokens: 1, outputTokens: 1,
            patience: .seconds(9), giveUpAt: Instant(seconds: 1_000))
    }

    @Test("a wait is foretold to the last bit whatever the order in which what runs is looked at")
    func exact() throws {
        let wait = try Self.outlook(guests: 0)
        #expect(wait > 0)
        for guests in [60, 200, 1_000, 5_000] { #expect(try Self.outlook(guests: guests) == wait) }
    }
}
