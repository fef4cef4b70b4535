import Gateway
import GatewayTesting
import Quantities
import Synchronization
import Testing

@Suite("Access while the gateway serves") struct AccessRefresherTests {
    private let store = InMemoryStore()
    private let clock = ManualClock()
    private let holds = Holds(logger: CapturedLog().logger)

    private let ended = Tally()

    private final class Tally: Sendable {
        private let value = Mutex(0)
        var count: Int { self.value.withLock { $0 } }
        func add() { self.value.withLock { $0 += 1 } }
    }

    private func refresher() async throws -> AccessRefresher {
        let access = AccessRefresher(
            keys: KeyDirectory(store: self.store), store: self.store, holds: self.holds, clock: self.clock)
        try await access.refresh()
        return access
    }

    private static let hash = KeyHash(Array(repeating: 7, count: 32))

    private func addKey(cap: Money? = nil) async throws {
        try await self.store.insert(
            ProjectRecord(id: "proj_a", name: "a", createdAt: self.clock.now, spendCap: cap))
        try await self.store.insert(
            KeyRecord(
                id: "key_a", project: "proj_a", name: "k", hash: Self.hash, hint: "…", createdAt: self.clock.now))
    }

    @Test("a look finds a key that was just made, and its project's cap holds before it works")
    func look() async throws {
        let access = try await self.refresher()
        try await self.addKey(cap: Money(dollars: 1))
        #expect(access.keys.caller(Self.hash) == nil && !self.holds.hasCap("proj_a"))
        await access.lookAgain()
        #expect(access.keys.caller(Self.hash)?.key == "key_a" && self.holds.hasCap("proj_a"))
    }

    @Test("a change of keys is told once, when they have changed")
    func changed() async throws {
        let access = AccessRefresher(
            keys: KeyDirectory(store: self.store), store: self.store, holds: self.holds, clock: self.clock,
            changed: { [ended] in ended.add() })
        try await self.addKey()
        try await access.refresh()
        try await access.refresh()
        #expect(self.ended.count == 1)
        _ = try await self.store.revoke("key_a", at: self.clock.now)
        try await access.refresh()
        #expect(self.ended.count == 2)
    }

    @Test("many unknown keys share one look, which begins after they came and not right after another")
    func flood() async throws {
        let access = try await self.refresher()
        await access.lookAgain()
        var looks = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    await access.lookAgain()
                    self.ended.add()
                }
            }
            await self.clock.waitForSleepers()
            try await self.addKey()
            #expect(access.keys.caller(Self.hash) == nil)
            while self.ended.count < 100 {
                if self.clock.sleepers > 0 {
                    #expect(self.clock.sleepers == 1, "one of them waits for all")
                    looks += 1
                    self.clock.advance(by: .milliseconds(50))
                }
                await Task.yield()
            }
        }
        #expect(looks < 50)
        #expect(access.keys.caller(Self.hash)?.project == "proj_a")
    }

    @Test("a revoked key stops working at the next refresh") func revoked() async throws {
        try await self.addKey()
        let access = try await self.refresher()
        #expect(access.keys.caller(Self.hash) != nil)
        #expect(try await self.store.revoke("key_a", at: self.clock.now))
        try await access.refresh()
        #expect(access.keys.caller(Self.hash) == nil)
    }
}
