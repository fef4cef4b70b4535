import Batching
import Logging
import OpenAIWire
import Quantities
import Routing
import Synchronization

/// Drives one batch from where it stands to its end.
///
/// One loop owns all state and takes messages in turn: ends of attempts, commits, cancels, timers. Engines and the
/// commit log call back from their own threads; they only send messages. So a line costs no task.
final class BatchExecution: Sendable {
    enum Message: Sendable {
        case attemptEnded(LineAttempt, LineAttempt.Ending)
        case committed(LineAttempt, LineFate, Money, Result<CommitResult, StoreFailure>)
        /// The answer is nil when it cannot be decided here: look again.
        case cancelRequested(CancelReply)
        /// Somebody asks where a line stands, by its number.
        case lineAsked(Int, LineReply)
        /// The next line does not fit under the batch's cost limit, and nothing is in flight.
        case costLimitReached
        /// The timer for this moment: look again.
        case wake(Instant)
        /// A place or money came free: look again.
        case freed
        /// An engine that was away may be asked.
        case engineIsBack(EngineID)
        /// The process is stopping: no new dispatch, leave everything resumable. Lines at bought engines may be kept:
        /// they are paid for, so the loop ends after them.
        case shutDown(keepsBought: Bool)
    }

    /// nil when its lines do not run.
    typealias LineReply = @Sendable (LineReport?) -> Void
    typealias CancelReply = @Sendable (Result<BatchRecord, GatewayError>?) -> Void

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
    private let isCancelRequested = Atomic(false)
    private let context: BatchContext
    let board = BatchBoard()

    init(_ batch: BatchRecord, context: BatchContext) {
        self.id = batch.id
        self.initial = batch
        self.context = context
        (self.messages, self.inbox) = AsyncStream.makeStream()
    }

    func send(_ message: Message) {
        if case .cancelRequested = message { self.isCancelRequested.store(true, ordering: .relaxed) }
        if case .terminated = self.inbox.yield(message) { Self.pass(message) }
    }

    /// Takes no message any more, and answers those that no loop will read.
    ///
    /// - Parameter batch: as the loop left it.
    func close(_ batch: BatchRecord? = nil) async {
        self.inbox.finish()
        for await message in self.messages { Self.pass(message, batch) }
    }

    private static func pass(_ message: Message, _ batch: BatchRecord? = nil) {
        if case .lineAsked(_, let reply) = message { return reply(nil) }
        guard case .cancelRequested(let reply) = message else { return }
        reply(batch?.status == BatchStatus.cancelled.rawValue ? batch.map { .success($0) } : nil)
    }

    func run() async -> Exit {
        var loop = BatchLoop(
            self.initial, context: self.context, board: self.board, send: { [inbox] in inbox.yield($0) })
        defer { self.context.holds.forget(self.id, project: self.initial.project) }
        var messages = self.messages.makeAsyncIterator()
        do {
            try await loop.begin(isCancelRequested: self.isCancelRequested.load(ordering: .relaxed))
            while loop.exit == nil, let message = await messages.next() { try await loop.handle(message) }
            // Lines whose time to finish is over run again after the next start.
            loop.abandon()
            self.context.engines.withdraw(self.id)
            await self.close(loop.batch)
            return loop.exit ?? .shutDown
        } catch {
            self.context.logger.error(
                "a store failure interrupts the batch; it is taken up again shortly",
                metadata: ["batch.id": "\(self.id)", "reason": "\(error)"])
            loop.abandon()
            self.context.engines.withdraw(self.id)
            // Whoever takes the batch up must find in the store what became of every line, and in the books of holds
            // and caps what it cost.
            while !loop.isIdle, let message = await messages.next() {
                loop.settleAbandoned(message)
                Self.pass(message)
            }
            await self.close()
            return .storeFailed
        }
    }
}
