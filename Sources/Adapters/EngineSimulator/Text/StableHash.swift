/// Mixing of 64-bit numbers, the same in every process, for deterministic answers. Not for secrets.
package enum StableHash {
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    @inline(__always)
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ Self.multiplier
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    @inline(__always)
    package static func combine(_ a: UInt64, _ b: UInt64) -> UInt64 { self.mix(a ^ (b &* Self.multiplier)) }
}
