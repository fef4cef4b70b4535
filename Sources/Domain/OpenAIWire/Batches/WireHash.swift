/// A 128-bit hash of bytes, stable across runs and machines; for finding equal texts, not for secrets.
///
/// Both halves are folded multiplications over eight-byte words (the method of wyhash and its kin) with different
/// constants. Two different texts collide by chance with a probability of about 2^-128 a pair.
public struct WireHash: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.init(high: Self.hash64(bytes, seed: 0x9E37_79B9_7F4A_7C15), low: Self.hash64(bytes, seed: 0))
    }

    public init(_ bytes: [UInt8]) {
        self = withJSONBytes(bytes) { (buffer) throws(Never) in WireHash(buffer) }
    }

    /// The hash of the text of a JSON string: two spellings of one text hash alike.
    init(_ slice: JSONSlice, _ scanner: JSONScanner) {
        if slice.isEscaped {
            self.init(JSONText.unescaped(slice.inner, in: scanner.bytes))
        } else {
            self.init(scanner.bytes.part(slice.inner))
        }
    }

    /// One half on its own.
    public static func hash64(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let first: UInt64 = 0xD6E8_FEB8_6659_FD93
        let second: UInt64 = 0xA076_1D64_78BD_642F
        var state = self.fold(seed ^ first, UInt64(truncatingIfNeeded: bytes.count) ^ second)
        var at = 0
        while at &+ 8 <= bytes.count {
            state = self.fold(state ^ self.word(bytes, at), first)
            at &+= 8
        }
        var tail: UInt64 = 0
        while at < bytes.count {
            tail = tail << 8 | UInt64(bytes[at])
            at &+= 1
        }
        return self.fold(state ^ tail, second ^ state)
    }

    /// The hash of a block of a chain: 64 bytes a round in four lanes, whose multiplications need not wait for each
    /// other. The rest of a block that is no multiple of 64 bytes goes through `hash64`.
    static func block(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let (first, second): (UInt64, UInt64) = (0xD6E8_FEB8_6659_FD93, 0xA076_1D64_78BD_642F)
        var (a, b, c, d) = (seed ^ first, seed ^ second, ~seed ^ first, ~seed ^ second)
        var at = 0
        while at &+ 64 <= bytes.count {
            a = self.fold(a ^ self.word(bytes, at), first ^ self.word(bytes, at &+ 8))
            b = self.fold(b ^ self.word(bytes, at &+ 16), first ^ self.word(bytes, at &+ 24))
            c = self.fold(c ^ self.word(bytes, at &+ 32), first ^ self.word(bytes, at &+ 40))
            d = self.fold(d ^ self.word(bytes, at &+ 48), first ^ self.word(bytes, at &+ 56))
            at &+= 64
        }
        let state = self.fold(self.fold(a, second) ^ b, second) ^ self.fold(self.fold(c, first) ^ d, first)
        return at == bytes.count ? state : self.hash64(bytes.part(at..<bytes.count), seed: state)
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        // The factor itself stays in the mix, so that a zero factor does not wipe out the state.
        return product.high ^ product.low ^ (a << 32 | a >> 32)
    }
}
