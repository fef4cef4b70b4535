public import Gateway
import Quantities
import Synchronization

/// The same ids, jitter and secrets in each run of a seed.
public final class SeededRandomness: Randomness {
    private let generator: Mutex<SeededGenerator>

    public init(seed: UInt64 = 1) { self.generator = Mutex(SeededGenerator(seed: seed)) }

    public func next() -> UInt64 { self.generator.withLock { $0.next() } }

    public func secureBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: self.next() >> 56) }
    }
}
