import Dispatch
import Gateway
import Glibc
import Quantities
import Synchronization

/// The real clock, and timers on a queue of their own.
struct SystemClock: GatewayClock, Timers {
    private static let queue = DispatchQueue(label: "ebb.timers")

    var now: Instant {
        // `timespec` is seconds and nanoseconds, two words. Its fields cannot be named here: which C module they belong
        // to changes with the other imports of the module.
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 2) { words in
            words.initialize(repeating: 0)
            words.withMemoryRebound(to: timespec.self) { time in
                if let address = time.baseAddress { clock_gettime(CLOCK_REALTIME, address) }
            }
            return Instant(nanoseconds: Int64(words[0]) * 1_000_000_000 + Int64(words[1]))
        }
    }

    func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }

    func after(_ duration: Duration, _ action: @escaping @Sendable () -> Void) {
        let nanoseconds = Int(clamping: duration.nanosecondsClamped)
        Self.queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds), execute: action)
    }
}

/// Randomness of a process: secrets come from the kernel, ids and jitter from SplitMix64 over a counter that the kernel
/// seeded once (a system call for each id would cost more than the rest of the look-up).
final class SystemRandomness: Randomness {
    private let counter: Atomic<UInt64>

    init() {
        var generator = SystemRandomNumberGenerator()
        self.counter = Atomic(generator.next())
    }

    func next() -> UInt64 {
        let step = self.counter.add(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).oldValue
        var generator = SeededGenerator(seed: step)
        return generator.next()
    }

    func secureBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
