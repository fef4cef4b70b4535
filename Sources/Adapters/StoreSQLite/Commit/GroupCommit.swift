import Dispatch
import Gateway
import GRDB
import Quantities
import Synchronization

/// Drives the commit queue: while one group is being made durable, the next one gathers.
///
/// Runs on the database's own writer queue, so that commits and other changes take turns without lock waits.
final class GroupCommit: Sendable {
    private struct State {
        var queue: CommitQueue
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    private let pool: DatabasePool
    private let settings: CommitSettings
    private let writer = CommitWriter()
    private let state: Mutex<State>
    /// Ends the pause in which a group gathers.
    private let hurry = DispatchSemaphore(value: 0)

    init(pool: DatabasePool, settings: CommitSettings) {
        self.pool = pool
        self.settings = settings
        self.state = Mutex(State(queue: CommitQueue(settings: settings)))
    }

    func commit(_ entry: CommitEntry, done: @escaping @Sendable (Result<CommitResult, StoreFailure>) -> Void) {
        switch self.state.withLock({ $0.queue.arrived(CommitQueue.Waiting(entry: entry, done: done)) }) {
        case .queued: break
        case .refused(let failure): done(.failure(failure))
        case .wake(let pause): self.wake(after: pause)
        }
    }

    private func wake(after pause: Duration) {
        self.pool.asyncWriteWithoutTransaction { db in
            // The writer's own thread waits: a timer would have to wake it, at the price of two hand-overs a group.
            if pause > .zero {
                _ = self.hurry.wait(timeout: .now() + .nanoseconds(Int(clamping: pause.nanosecondsClamped)))
            }
            self.commitGroup(db)
        }
    }

    private func commitGroup(_ db: Database) {
        let group = self.state.withLock { $0.queue.take() }
        // Closing woke the writer before the timer did.
        guard !group.isEmpty else { return self.resumeClosing() }
        Failpoint.hit("commit.before")
        let start = ContinuousClock.now
        let results = self.writer.commit(group, on: db)
        let latency = ContinuousClock.now - start
        Failpoint.hit("commit.after")
        // Before the callbacks: what they commit must find a writer to wake.
        if let pause = self.state.withLock({ $0.queue.finished() }) { self.wake(after: pause) }
        // Who hears of a result finds its group counted.
        self.settings.observe?(CommitObservation(entries: group.count, latency: latency))
        for (waiting, result) in zip(group, results) { waiting.done(result) }
        self.resumeClosing()
    }

    private func resumeClosing() {
        let closing = self.state.withLock { state in
            guard state.closing.isEmpty || state.queue.close() else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closing = [] }
            return state.closing
        }
        for continuation in closing { continuation.resume() }
    }

    /// Refuses new entries, waits for the queued ones and lets go of the prepared statements.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = self.state.withLock { state in
                let isIdle = state.queue.close()
                if !isIdle { state.closing.append(continuation) }
                return isIdle
            }
            if isIdle { continuation.resume() } else { self.hurry.signal() }
        }
        await withCheckedContinuation { continuation in
            self.pool.asyncWriteWithoutTransaction { _ in
                self.writer.finalize()
                continuation.resume()
            }
        }
    }
}
