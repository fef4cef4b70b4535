public import Quantities

/// Port: wall time, waiting and random numbers. Tests pass a manual one; nothing else in the gateway reads a clock.
public protocol GatewayClock: Sendable {
    var now: Instant { get }
    /// Waits, or throws `CancellationError`.
    func sleep(for duration: Duration) async throws
}

/// Port: randomness for ids and jitter.
public protocol Randomness: Sendable {
    /// 64 uniformly random bits.
    func next() -> UInt64
    /// Cryptographically secure bytes, for secrets.
    func secureBytes(_ count: Int) -> [UInt8]
}

extension Randomness {
    public func id<ID: TextIdentifier>(_: ID.Type) -> ID {
        var generator = RandomnessGenerator(source: self)
        return ID.random(using: &generator)
    }

    /// 0..<1, for jitter.
    public func unit() -> Double { Double(self.next() >> 11) * 0x1p-53 }
}

private struct RandomnessGenerator<Source: Randomness>: RandomNumberGenerator {
    let source: Source
    mutating func next() -> UInt64 { self.source.next() }
}
