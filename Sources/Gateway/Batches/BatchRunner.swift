import Logging
public import Quantities
import Synchronization

/// Runs all batches of a process: takes up the unfinished ones at start, then those that are submitted.
public final class BatchRunner: Sendable {
    private struct State {
        var running: [BatchID: BatchExecution] = [:]
        var isStopping = false
    }

    public let context: BatchContext
    private let state = Mutex(State())
    private let submissions: AsyncStream<BatchExecution>
    private let inbox: AsyncStream<BatchExecution>.Continuation
    /// Told how each batch left the loop; for `ebb run`, which waits for its one batch.
    private let onExit: @Sendable (BatchID, RunnerExit) -> Void

    /// Why a batch left the runner.
    public enum RunnerExit: Sendable, Equatable { case ended, stopped, parkedAtCostLimit }

    public init(context: BatchContext, onExit: @escaping @Sendable (BatchID, RunnerExit) -> Void = { _, _ in }) {
        self.context = context
        self.onExit = onExit
        (self.submissions, self.inbox) = AsyncStream.makeStream()
    }

    /// Hands over a stored batch.
    public func submit(_ batch: BatchRecord) { self.inbox.yield(BatchExecution(batch, context: self.context)) }

    /// What a running batch shows; nil when it does not run.
    func board(of batch: BatchID) -> BatchBoard? { self.state.withLock { $0.running[batch] }?.board }

    /// Asks where a line stands. A batch that does not run says nothing.
    func ask(_ batch: BatchID, line: Int, reply: @escaping BatchExecution.LineReply) {
        guard let execution = self.state.withLock({ $0.running[batch] }) else { return reply(nil) }
        execution.send(.lineAsked(line, reply))
    }

    /// Prompt tokens of the lines that ended, of each batch that runs.
    public var prompts: [BatchID: PromptTokens] {
        self.state.withLock { $0.running }.mapValues(\.board.prompts).filter { !$0.value.isEmpty }
    }

    /// Asks for the end of a batch. One that waits to be taken up again, after a store failure, is taken up at once.
    ///
    /// - Parameter reply: may never come while the process stops.
    func cancel(_ batch: BatchRecord, reply: @escaping BatchExecution.CancelReply) {
        if let execution = self.state.withLock({ $0.running[batch.id] }) {
            return execution.send(.cancelRequested(reply))
        }
        let execution = BatchExecution(batch, context: self.context)
        execution.send(.cancelRequested(reply))
        self.inbox.yield(execution)
    }

    /// Runs until `stop` was called and every batch is parked. The only long-lived entry.
    ///
    /// - Parameter resumesUnfinished: false to run only what is submitted; other batches stay as they are.
    public func run(resumesUnfinished: Bool = true) async throws {
        if resumesUnfinished {
            for batch in try await self.context.store.unfinishedBatches() {
                self.context.meters.count(.batchesRecovered, "restart")
                self.submit(batch)
            }
        }
        await withDiscardingTaskGroup { group in
            for await execution in self.submissions {
                let id = execution.id
                let running = self.state.withLock { state -> Int? in
                    guard !state.isStopping, state.running[id] == nil else { return nil }
                    state.running[id] = execution
                    return state.running.count
                }
                guard let running else {
                    await execution.close()
                    continue
                }
                self.context.meters.set(gauge: .batchesRunning, Double(running))
                group.addTask {
                    let exit = await execution.run()
                    let count = self.state.withLock { state -> Int in
                        state.running[id] = nil
                        return state.running.count
                    }
                    self.context.meters.set(gauge: .batchesRunning, Double(count))
                    switch exit {
                    case .terminal: self.onExit(id, .ended)
                    case .shutDown: self.onExit(id, .stopped)
                    case .parkedAtCostLimit: self.onExit(id, .parkedAtCostLimit)
                    case .storeFailed: await self.takeUpAgain(id)
                    }
                }
            }
        }
    }

    /// How long after a store failure a batch is tried again.
    static let storePause: Duration = .seconds(5)

    private func takeUpAgain(_ id: BatchID) async {
        while !self.state.withLock({ $0.isStopping }) {
            guard (try? await self.context.clock.sleep(for: Self.storePause)) != nil else { return }
            guard let unfinished = try? await self.context.store.unfinishedBatches() else { continue }
            if let batch = unfinished.first(where: { $0.id == id }) {
                self.context.meters.count(.batchesRecovered, "store_failure")
                self.submit(batch)
            } else {
                self.onExit(id, .ended)
            }
            return
        }
    }

    /// Stops dispatch at once; lines in flight are given up and run again after the next start.
    ///
    /// - Parameter keepsBought: lines in flight at bought engines finish, as they would be paid twice; `run` returns
    ///   after them, or at once when it is cancelled.
    public func stop(keepsBought: Bool = false) {
        let running = self.state.withLock { state -> [BatchExecution] in
            state.isStopping = true
            return Array(state.running.values)
        }
        self.context.commits.giveUp()
        for execution in running { execution.send(.shutDown(keepsBought: keepsBought)) }
        self.inbox.finish()
    }
}
