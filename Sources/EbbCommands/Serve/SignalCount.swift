import Synchronization

/// Counts stop signals.
final class SignalCount: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { self.count.add(1, ordering: .relaxed).newValue }
}
