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

    /// A request's id: the millisecond in 12 hex digits, then 80 random bits.
    ///
    /// The ledger keeps request ids unique, and ids that grow with time meet on the same few pages of that index:
    /// a group of 32 charges costs half of what it costs with ids that are random all through (decision 0003).
    public func requestID(at now: Instant) -> RequestID {
        let milliseconds = UInt64(max(now.nanoseconds, 0)) / 1_000_000
        let (first, second) = (self.next(), self.next())
        return RequestID(
            String(unsafeUninitializedCapacity: RequestID.prefix.utf8.count + 32) { bytes in
                var count = 0
                for byte in RequestID.prefix.utf8 {
                    bytes.initializeElement(at: count, to: byte)
                    count += 1
                }
                HexText.write(milliseconds, digits: 12, to: bytes, at: &count)
                HexText.write(first, to: bytes, at: &count)
                HexText.write(second, digits: 4, to: bytes, at: &count)
                return count
            })
    }

    /// 0..<1, for jitter.
    public func unit() -> Double { Double(self.next() >> 11) * 0x1p-53 }
}

private struct RandomnessGenerator<Source: Randomness>: RandomNumberGenerator {
    let source: Source
    mutating func next() -> UInt64 { self.source.next() }
}
