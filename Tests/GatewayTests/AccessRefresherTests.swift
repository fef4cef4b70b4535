import Gateway
import GatewayTesting
import Ledger
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

    private func charge(_ request: RequestID) -> Charge {
        Charge(
            request: request, project: "proj_a", key: "key_a", endpoint: "/v1/chat/completions", engine: "e",
            requestedModel: "m", servedModel: "m", servedTier: .standard, startedAt: self.clock.now,
            finishedAt: self.clock.now, usage: TokenUsage(input: 1, output: 1), amount: Money(dollars: 1),
            listAmount: nil, priceVersion: "test", outcome: .answered)
    }

    /// Stores a charge, as a process does before it settles it.
    private func commit(_ request: RequestID) async throws {
        #expect(try await self.store.commit(.charge(self.charge(request))) == .committed)
    }

    private func settle(_ request: RequestID) {
        self.holds.settle(request, project: "proj_a", actual: Money(dollars: 1))
    }

    @Test("a cap that comes, goes and comes back while work is charged counts each charge once") func busy()
        async throws
    {
        try await self.addKey()
        try await self.commit("req_before")
        let access = try await self.refresher()
        #expect(!self.holds.hasCap("proj_a") && self.holds.spent("proj_a") == Money(dollars: 1))
        try await self.commit("req_1")
        self.settle("req_1")
        try await self.commit("req_2")
        for cap in [Money(dollars: 9), nil, Money(dollars: 8)] {
            var project = try #require(try await self.store.project("proj_a"))
            project.spendCap = cap
            try await self.store.update(project)
            try await access.refresh()
            #expect(self.holds.hasCap("proj_a") == (cap != nil))
        }
        self.settle("req_2")
        #expect(self.holds.spent("proj_a") == Money(dollars: 3))
        #expect(try await self.store.spent(project: "proj_a") == Money(dollars: 3))
    }

    @Test("a project that is new to the process begins with what the ledger has of it") func new() async throws {
        let access = try await self.refresher()
        try await self.commit("req_before")
        try await self.addKey(cap: Money(dollars: 5))
        try await access.refresh()
        self.settle("req_1")
        #expect(self.holds.spent("proj_a") == Money(dollars: 2))
    }
}
