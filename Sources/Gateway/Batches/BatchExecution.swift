import Batching
import Logging
import OpenAIWire
import Quantities
import Routing

/// Drives one batch from where it stands to its end.
///
/// One loop owns all state and takes messages in turn: ends of attempts, commits, cancels, timers. Engines and the
/// commit log call back from their own threads; they only send messages. So a line costs no task.
final class BatchExecution: Sendable {
    enum Message: Sendable {
        case attemptEnded(LineAttempt, LineAttempt.Ending)
        case committed(LineAttempt, LineFate, Money, Result<CommitResult, StoreFailure>)
        case cancelRequested(@Sendable (Result<BatchRecord, GatewayError>) -> Void)
        /// The next line does not fit under the batch's cost limit, and nothing is in flight.
        case costLimitReached
        /// A timer or a free place: look again.
        case wake
        /// The process is stopping: no new dispatch, leave everything resumable.
        case shutDown
    }

    /// What ended the loop.
    enum Exit: Sendable, Equatable {
        case terminal
        case shutDown
        /// The store failed; the batch is taken up again from what is stored.
        case storeFailed
        /// The cost limit of the batch leaves no room for another line, and it is to go on under a higher one.
        case parkedAtCostLimit
    }

    let id: BatchID
    private let messages: AsyncStream<Message>
    private let inbox: AsyncStream<Message>.Continuation
    private let initial: BatchRecord
    private let context: BatchContext

    init(_ batch: BatchRecord, context: BatchContext) {
        self.id = batch.id
        self.initial = batch
        self.context = context
        (self.messages, self.inbox) = AsyncStream.makeStream()
    }

    func send(_ message: Message) { self.inbox.yield(message) }

    func run() async -> Exit {
        var loop = BatchLoop(self.initial, context: self.context, send: { [inbox] in inbox.yield($0) })
        var messages = self.messages.makeAsyncIterator()
        do {
            try await loop.begin()
            while loop.exit == nil, let message = await messages.next() { try await loop.handle(message) }
            return loop.exit ?? .shutDown
        } catch {
            self.context.logger.error(
                "a store failure interrupts the batch; it is taken up again shortly",
                metadata: ["batch.id": "\(self.id)", "reason": "\(error)"])
            loop.abandon()
            // Whoever takes the batch up must find in the store what became of every line, and in the books of holds
            // and caps what it cost.
            while !loop.isIdle, let message = await messages.next() { loop.settleAbandoned(message) }
            return .storeFailed
        }
    }
}
