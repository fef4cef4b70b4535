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
                func add(_ byte: UInt8) {
                    bytes.initializeElement(at: count, to: byte)
                    count += 1
                }
                /// The lowest digits of a number, with leading zeros.
                func add(_ number: UInt64, digits: Int) {
                    var shift = UInt64(digits * 4)
                    while shift > 0 {
                        shift -= 4
                        add(UInt8(hexDigit: number &>> shift))
                    }
                }
                for byte in RequestID.prefix.utf8 { add(byte) }
                add(milliseconds, digits: 12)
                add(first, digits: 16)
                add(second, digits: 4)
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

extension UInt8 {
    /// The ASCII hex digit of the lowest four bits.
    init(hexDigit number: UInt64) {
        let nibble = UInt8(truncatingIfNeeded: number) & 15
        self = nibble < 10 ? 48 + nibble : 87 + nibble
    }
}
