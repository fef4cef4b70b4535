import Scheduling
import Synchronization

/// Decisions that one call carries out one after the other, and those that come of them.
///
/// To carry one out may bring about the next before it returns: a request that leaves gives its place to another, which
/// leaves too. They wait here, and the call that began carries them out; otherwise each would take a piece of the
/// thread's stack, of which there is enough for some hundred.
final class PendingActions: Sendable {
    struct Item: Sendable {
        let action: SchedulerAction
        /// For whom a preempted piece of work makes room.
        let by: WorkKey?
    }

    private struct State: Sendable {
        var items: [Item]
        var next = 0
        var isOver = false
    }

    /// What the calls further out on this thread carry out. A task that was begun meanwhile inherits it, hence the lock
    /// and the look whether all has been done.
    @TaskLocal static var current: PendingActions?

    private let owner: ObjectIdentifier
    private let state: Mutex<State>

    init(_ items: [Item], of scheduler: WorkScheduler) {
        self.owner = ObjectIdentifier(scheduler)
        self.state = Mutex(State(items: items))
    }

    /// False when nobody would carry them out.
    func add(_ items: [Item], of scheduler: WorkScheduler) -> Bool {
        self.owner == ObjectIdentifier(scheduler)
            && self.state.withLock { state in
                if !state.isOver { state.items += items }
                return !state.isOver
            }
    }

    func next() -> Item? {
        self.state.withLock { state in
            guard state.next < state.items.count else {
                state.isOver = true
                return nil
            }
            defer { state.next += 1 }
            // What is done is let go, a part at a time, however long it goes on.
            if state.next == Self.doneMax {
                state.items.removeFirst(state.next)
                state.next = 0
            }
            return state.items[state.next]
        }
    }

    private static let doneMax = 1_024
}
