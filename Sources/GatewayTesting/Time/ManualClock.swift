public import Gateway
public import Quantities
import Synchronization

/// A clock that stands still until a test moves it. Sleepers wake in the order of their deadlines.
public final class ManualClock: GatewayClock {
    private struct Sleeper {
        let deadline: Instant
        let number: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Instant
        var sleepers: [Int: Sleeper] = [:]
        var watchers: [Watcher] = []
        /// Sleeps that were cancelled before they began.
        var cancelled: Set<Int> = []
        var next = 0
    }

    private let state: Mutex<State>

    public init(now: Instant = Instant(seconds: 1_790_000_000)) { self.state = Mutex(State(now: now)) }

    public var now: Instant { self.state.withLock { $0.now } }

    /// Tasks that sleep on this clock.
    public var sleepers: Int { self.state.withLock { $0.sleepers.count } }

    public func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        let number = self.state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in self.sleep(number, duration, continuation) }
        } onCancel: {
            self.cancel(number)
        }
    }

    /// Moves the time on and wakes everyone whose time has come.
    public func advance(by duration: Duration) {
        let due = self.state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.values.filter { $0.deadline <= state.now }
            for sleeper in due { state.sleepers[sleeper.number] = nil }
            return due.sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Returns once at least `count` tasks sleep here, so that a test advances neither too early nor by guessing.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append(Watcher(count: count, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private enum Start {
        case cancelled, elapsed
        case asleep([CheckedContinuation<Void, Never>])
    }

    private func sleep(_ number: Int, _ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        let start: Start = self.state.withLock { state in
            if state.cancelled.remove(number) != nil { return .cancelled }
            if duration <= .zero { return .elapsed }
            state.sleepers[number] = Sleeper(
                deadline: state.now.advanced(by: duration), number: number, continuation: continuation)
            let count = state.sleepers.count
            let watching = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return .asleep(watching.map(\.continuation))
        }
        switch start {
        case .cancelled: continuation.resume(throwing: CancellationError())
        case .elapsed: continuation.resume()
        case .asleep(let watching): for watcher in watching { watcher.resume() }
        }
    }

    private func cancel(_ number: Int) {
        let sleeper = self.state.withLock { state in
            let sleeper = state.sleepers.removeValue(forKey: number)
            if sleeper == nil { state.cancelled.insert(number) }
            return sleeper
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
