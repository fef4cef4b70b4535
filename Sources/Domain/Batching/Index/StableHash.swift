/// A 128-bit hash of some bytes: the identity of a custom id or a model name in an index.
public struct Hash128: Hashable, Sendable, Comparable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The hash of `bytes`; the same on every machine and in every process.
    public init(of bytes: UnsafeRawBufferPointer) {
        self.high = StableHash.hash(bytes, seed: 0x6562_622D_6869_6768)
        self.low = StableHash.hash(bytes, seed: 0x6562_622D_6C6F_7720)
    }

    /// The hash of a text's UTF-8 bytes.
    public init(of text: String) {
        var text = text
        self = text.withUTF8 { Hash128(of: UnsafeRawBufferPointer($0)) }
    }

    public static func < (a: Self, b: Self) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }
}

/// A fast hash with fixed keys: stored in files, so its result never changes within an index version.
///
/// Each 8-byte word is folded in by a 64 x 64 to 128 bit multiplication whose halves are xored. Not for secrets and not
/// collision-proof against someone who tries: a forged collision can only spoil the forger's own file.
public enum StableHash {
    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xD6E8_FEB8_6659_FD93

    @inline(__always)
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    public static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var hash = self.fold(seed ^ self.first, self.second ^ UInt64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            hash = self.fold(hash ^ word ^ self.second, self.first) &+ UInt64(offset)
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset += 1
        }
        hash = self.fold(hash ^ tail, self.first)
        return self.fold(hash ^ self.first, self.second)
    }
}
