/// Turns the canonical bytes of a prompt into its chain: one hash for each 256-byte block, each covering all blocks
/// before it. Two prompts share their first n blocks exactly when the n-th elements are equal (up to 64-bit
/// collisions).
///
/// Feed the bytes in any pieces. The last block may be shorter; its length is part of its hash.
public struct PrefixHasher: Sendable {
    public static let blockBytes = 256
    private static let seed: UInt64 = 0x7072_6566_6978_2D31

    private var chain: [UInt64] = []
    private var pending: [UInt8] = []

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if !self.pending.isEmpty {
            let missing = Self.blockBytes - self.pending.count
            self.pending.append(contentsOf: rest.prefix(missing))
            rest = rest.dropFirst(missing)
            guard self.pending.count == Self.blockBytes else { return }
            self.pending.withUnsafeBytes { Self.append($0, to: &self.chain) }
            self.pending.removeAll(keepingCapacity: true)
        }
        while rest.count >= Self.blockBytes {
            Self.append(UnsafeRawBufferPointer(rebasing: rest.prefix(Self.blockBytes)), to: &self.chain)
            rest = rest.dropFirst(Self.blockBytes)
        }
        self.pending.append(contentsOf: rest)
    }

    /// The chain of everything fed so far; the hasher is empty afterwards.
    public mutating func finish() -> [UInt64] {
        if !self.pending.isEmpty {
            self.pending.withUnsafeBytes { Self.append($0, to: &self.chain) }
            self.pending.removeAll(keepingCapacity: true)
        }
        defer { self.chain.removeAll(keepingCapacity: true) }
        return self.chain
    }

    private static func append(_ block: UnsafeRawBufferPointer, to chain: inout [UInt64]) {
        chain.append(StableHash.hash(block, seed: chain.last ?? Self.seed))
    }
}
