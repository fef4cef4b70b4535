import GatewayTesting
import Quantities
import Testing

@Suite("The manual clock", .timeLimit(.minutes(1))) struct ManualClockTests {
    @Test("sleepers wake when their time has come, not before")
    func wakes() async throws {
        let clock = ManualClock()
        let start = clock.now
        async let short: Void = clock.sleep(for: .seconds(1))
        async let long: Void = clock.sleep(for: .seconds(10))
        await clock.waitForSleepers(2)
        clock.advance(by: .milliseconds(999))
        #expect(clock.sleepers == 2)
        clock.advance(by: .milliseconds(1))
        try await short
        #expect(clock.sleepers == 1)
        clock.advance(by: .seconds(100))
        try await long
        #expect(clock.now.since(start) == .seconds(101))
    }

    @Test("a sleep of nothing returns, a cancelled one throws")
    func edges() async throws {
        let clock = ManualClock()
        try await clock.sleep(for: .zero)
        let task = Task { try await clock.sleep(for: .seconds(5)) }
        await clock.waitForSleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleepers == 0)
    }
}
