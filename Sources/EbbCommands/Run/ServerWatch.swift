import Gateway
import OpenAIWire
import Quantities
import Synchronization

/// Asks a gateway how a batch stands, until it has ended, the gateway is gone for long, or somebody stops it.
final class ServerWatch: Sendable {
    enum Ending: Sendable {
        case finished(BatchFacts)
        case failed(ServerFailure)
        case interrupted
    }

    private let id: String
    private let client: ServerClient
    private let clock: any GatewayClock
    private let cost: @Sendable (BatchFacts) -> Money?
    private let absentSince = Mutex<Instant?>(nil)
    private let endings: AsyncStream<Ending>
    private let inbox: AsyncStream<Ending>.Continuation

    /// - Parameter cost: what a batch has cost so far, as far as this side knows prices.
    init(
        id: String, client: ServerClient, clock: any GatewayClock, cost: @escaping @Sendable (BatchFacts) -> Money?
    ) {
        self.id = id
        self.client = client
        self.clock = clock
        self.cost = cost
        (self.endings, self.inbox) = AsyncStream.makeStream()
    }

    func end(_ ending: Ending) { self.inbox.yield(ending) }

    /// The first ending.
    func ended() async -> Ending {
        for await ending in self.endings { return ending }
        return .interrupted
    }

    func read() async throws -> RunProgress.State {
        do throws(ServerFailure) {
            let batch = try await BatchFacts.fetch(self.id, self.client)
            self.absentSince.withLock { $0 = nil }
            if batch.isFinished { self.end(.finished(batch)) }
            let usage = batch.object["usage"]
            return RunProgress.State(
                total: batch.total, completed: batch.completed, failed: batch.failed,
                tokens: usage?["total_tokens"]?.integer ?? 0, cost: self.cost(batch),
                waitsFor: WaitText.of(batch.object))
        } catch {
            let now = self.clock.now
            let since = self.absentSince.withLock { state -> Instant in
                let first = state ?? now
                state = first
                return first
            }
            if !error.isPassing || now.since(since) >= BatchWatcher.absenceMax { self.end(.failed(error)) }
            throw error
        }
    }
}
