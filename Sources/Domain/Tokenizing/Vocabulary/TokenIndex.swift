/// Hash tables from token bytes to rank.
///
/// Tokens of one or two bytes are found in plain tables; up to seven bytes the bytes themselves are the key; longer
/// tokens are found by a hash and then compared. All tables use open addressing at most half full.
struct TokenIndex: Sendable {
    /// Rank by single byte.
    let ones: [UInt32]
    /// Rank by two bytes, the first in the low half; `TokenLookup.none` where there is no token.
    let twos: [UInt32]
    /// Pairs of key and rank; key 0 is an empty slot.
    let short: [UInt64]
    /// `upper half of the hash << 32 | rank + 1`; 0 is an empty slot.
    let long: [UInt64]
    /// One bit for each hash that some token of three or more bytes has, by the upper `TokenLookup.filterBits` of the
    /// hash. Most pairs of parts are no token; this says so without a look into the large tables.
    let filter: [UInt64]
    let longestToken: Int

    init(blob: [UInt8], spans: [UInt64]) throws(TokenizingError) {
        var ones = [UInt32](repeating: TokenLookup.none, count: 256)
        var twos = [UInt32](repeating: TokenLookup.none, count: 1 << 16)
        var shortCount = 0
        var longCount = 0
        var longest = 0
        for span in spans {
            let length = Int(span & 0xFFFF_FFFF)
            longest = max(longest, length)
            if length > TokenLookup.longestShort { longCount += 1 } else if length > 2 { shortCount += 1 }
        }
        var short = [UInt64](repeating: 0, count: 2 * Self.capacity(for: shortCount))
        var long = [UInt64](repeating: 0, count: Self.capacity(for: longCount))
        var filter = [UInt64](repeating: 0, count: 1 << (TokenLookup.filterBits - 6))
        var duplicate: UInt32?
        blob.withUnsafeBufferPointer { blob in
            guard let base = blob.baseAddress else { return }
            for (rank, span) in spans.enumerated() where span != 0 {
                let token = base + Int(span >> 32)
                let length = Int(span & 0xFFFF_FFFF)
                let rank = UInt32(rank)
                if length > 2 {
                    let isShort = length <= TokenLookup.longestShort
                    let hash =
                        isShort ? TokenLookup.mix(TokenLookup.key(token, length)) : TokenLookup.hash(token, length)
                    filter[TokenLookup.filterWord(hash)] |= TokenLookup.filterBit(hash)
                }
                let isNew: Bool
                switch length {
                case 1:
                    isNew = Self.place(rank, in: &ones, at: Int(token[0]))
                case 2:
                    isNew = Self.place(rank, in: &twos, at: Int(token[0]) | Int(token[1]) << 8)
                case 3...TokenLookup.longestShort:
                    isNew = Self.placeShort(rank, key: TokenLookup.key(token, length), in: &short)
                default:
                    isNew = Self.placeLong(rank, token, length, in: &long, base: base, spans: spans)
                }
                if !isNew { duplicate = duplicate ?? rank }
            }
        }
        if let duplicate { throw .duplicate(line: 0, reason: "the token of rank \(duplicate) has another rank too") }
        for (byte, rank) in ones.enumerated() where rank == TokenLookup.none { throw .missingByte(UInt8(byte)) }
        self.ones = ones
        self.twos = twos
        self.short = short
        self.long = long
        self.filter = filter
        self.longestToken = longest
    }

    private static func capacity(for count: Int) -> Int {
        var capacity = 16
        while capacity < 2 * count { capacity *= 2 }
        return capacity
    }

    private static func place(_ rank: UInt32, in table: inout [UInt32], at index: Int) -> Bool {
        guard table[index] == TokenLookup.none else { return false }
        table[index] = rank
        return true
    }

    private static func placeShort(_ rank: UInt32, key: UInt64, in table: inout [UInt64]) -> Bool {
        let mask = table.count / 2 - 1
        var slot = Int(truncatingIfNeeded: TokenLookup.mix(key)) & mask
        while table[2 * slot] != 0 {
            if table[2 * slot] == key { return false }
            slot = (slot + 1) & mask
        }
        table[2 * slot] = key
        table[2 * slot + 1] = UInt64(rank)
        return true
    }

    private static func placeLong(
        _ rank: UInt32, _ token: UnsafePointer<UInt8>, _ length: Int, in table: inout [UInt64],
        base: UnsafePointer<UInt8>, spans: [UInt64]
    ) -> Bool {
        let hash = TokenLookup.hash(token, length)
        let mask = table.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while table[slot] != 0 {
            if table[slot] >> 32 == hash >> 32 {
                let other = spans[Int(table[slot] & 0xFFFF_FFFF) - 1]
                if Int(other & 0xFFFF_FFFF) == length, TokenLookup.equal(base + Int(other >> 32), token, length) {
                    return false
                }
            }
            slot = (slot + 1) & mask
        }
        table[slot] = (hash >> 32) << 32 | UInt64(rank + 1)
        return true
    }
}
