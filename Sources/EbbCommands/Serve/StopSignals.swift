import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT: the first stops gracefully, the second at once.
final class StopSignals: Sendable {
    /// Dispatch's sources are thread-safe but not marked so.
    private struct Sources: @unchecked Sendable {
        let list: [any DispatchSourceSignal]
    }

    private let sources: Sources

    init(first: @escaping @Sendable () async -> Void) {
        let count = SignalCount()
        self.sources = Sources(
            list: [SIGTERM, SIGINT].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    if count.next() == 1 {
                        Task { await first() }
                    } else {
                        _exit(128 + number)
                    }
                }
                return source
            })
    }

    func start() { for source in self.sources.list { source.resume() } }
    func stop() { for source in self.sources.list { source.cancel() } }
}

/// Counts stop signals.
private final class SignalCount: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { self.count.add(1, ordering: .relaxed).newValue }
}
