import Gateway
import GatewayTesting
import Ledger
import Quantities
import Synchronization
import Testing

@Suite("What a store cannot take for a while") struct KeptCommitsTests {
    private static let down = StoreFailure.unavailable("the disk is full")

    private let store = InMemoryStore()
    private let timers = ManualTimers()
    private let log = CapturedLog()
    private let commits: KeptCommits

    init() { self.commits = KeptCommits(self.store, timers: self.timers, logger: self.log.logger) }

    /// Where the result of a commit arrives.
    private final class Outcome: Sendable {
        private let result = Mutex<Result<CommitResult, StoreFailure>?>(nil)
        var value: Result<CommitResult, StoreFailure>? { self.result.withLock { $0 } }
        func take(_ result: Result<CommitResult, StoreFailure>) { self.result.withLock { $0 = result } }
    }

    private func commit(_ request: RequestID, _ outcome: Charge.Outcome = .answered) -> Outcome {
        let charge = Charge(
            request: request, project: "proj_a", key: "key_a", endpoint: "/v1/chat/completions", engine: "e",
            requestedModel: "m", servedModel: "m", requestedTier: nil, servedTier: .standard,
            startedAt: Instant(seconds: 1), finishedAt: Instant(seconds: 2), usage: TokenUsage(input: 1, output: 1),
            amount: .zero, listAmount: .zero, priceVersion: "1", outcome: outcome)
        let seen = Outcome()
        self.commits.commit(.charge(charge)) { seen.take($0) }
        return seen
    }

    @Test("is tried again until it is durable; its requester hears of it then, and nobody sends more meanwhile")
    func kept() {
        self.store.commitFailure = Self.down
        let first = self.commit("req_1")
        let second = self.commit("req_2")
        #expect(first.value == nil && second.value == nil && self.commits.isFailing)
        for round in 0..<8 {
            #expect(self.timers.durations == [min(.milliseconds(200 << round), .seconds(5))], "one timer, ever later")
            self.timers.fire()
        }
        #expect(first.value == nil && self.commits.isFailing)
        self.store.commitFailure = nil
        self.timers.fire()
        #expect(first.value == .success(.committed) && second.value == .success(.committed))
        #expect(!self.commits.isFailing && self.timers.durations.isEmpty)
        #expect(self.store.allCharges.map(\.request) == ["req_1", "req_2"])
        #expect(self.log.count("cannot be written") == 1 && self.log.count("can be written again") == 1)
    }

    @Test("is nothing that costs nothing, and nothing that the store will never take")
    func passed() {
        self.store.commitFailure = Self.down
        #expect(self.commit("req_1", .refused).value == .failure(Self.down))
        self.store.commitFailure = .rejected("too large")
        #expect(self.commit("req_2").value == .failure(.rejected("too large")))
        #expect(!self.commits.isFailing && self.timers.durations.isEmpty)
    }

    @Test("fails when the process stops, and is not kept after that")
    func givenUp() {
        self.store.commitFailure = Self.down
        let waiting = self.commit("req_1")
        self.commits.giveUp()
        guard case .failure(.unavailable) = waiting.value else {
            Issue.record("\(String(describing: waiting.value))")
            return
        }
        #expect(self.commit("req_2").value == .failure(Self.down))
        self.store.commitFailure = nil
        self.timers.fire()
        #expect(self.store.allCharges.isEmpty)
    }
}
