import Synchronization

/// One value that somebody waits for, with a limit on the wait.
final class OneReply<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value?, Never>)
        case given(Value)
        case over
    }

    private let state = Mutex(State.empty)

    func give(_ value: Value) {
        let waiting = self.state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .empty:
                state = .given(value)
                return nil
            case .waiting(let continuation):
                state = .over
                return continuation
            case .given, .over:
                return nil
            }
        }
        waiting?.resume(returning: value)
    }

    /// The value, or nil when it did not come in time.
    func wait(clock: any GatewayClock, atMost limit: Duration) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await self.value() }
            group.addTask {
                try? await clock.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            self.giveUp()
            group.cancelAll()
            return first
        }
    }

    private func value() async -> Value? {
        await withCheckedContinuation { continuation in
            let ready = self.state.withLock { state -> Value?? in
                switch state {
                case .empty:
                    state = .waiting(continuation)
                    return nil
                case .given(let value):
                    state = .over
                    return .some(.some(value))
                case .waiting, .over:
                    return .some(.none)
                }
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private func giveUp() {
        let waiting = self.state.withLock { state -> CheckedContinuation<Value?, Never>? in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: nil)
    }
}
