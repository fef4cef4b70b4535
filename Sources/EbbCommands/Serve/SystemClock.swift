import Dispatch
import Gateway
import Glibc
import Quantities

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

/// The system's generator: seeded by the kernel, good for secrets.
struct SystemRandomness: Randomness {
    func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    func secureBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
