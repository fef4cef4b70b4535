/// The tables of a vocabulary as plain pointers, valid only while `TokenStore.withLookup` runs.
struct TokenLookup {
    /// No token has these bytes. Also sorts behind every rank.
    static let none = UInt32.max
    /// Tokens up to this length are their own hash key.
    static let longestShort = 7

    let ones: UnsafePointer<UInt32>
    let twos: UnsafePointer<UInt32>
    let short: UnsafePointer<UInt64>
    let shortMask: Int
    let long: UnsafePointer<UInt64>
    let longMask: Int
    let spans: UnsafePointer<UInt64>
    let blob: UnsafePointer<UInt8>
    let filter: UnsafePointer<UInt64>
    let longestToken: Int

    /// How many bits of a hash choose a bit of the filter; at 21 about one pair in ten passes without being a token.
    static let filterBits: UInt64 = 21

    @inline(__always)
    static func filterWord(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> (64 - Self.filterBits + 6))
    }

    @inline(__always)
    static func filterBit(_ hash: UInt64) -> UInt64 { 1 << (hash >> (64 - Self.filterBits) & 63) }

    /// The rank of the token with exactly these `length` (at least 1) bytes, or `none`.
    @inline(__always)
    func rank(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> UInt32 {
        if length > Self.longestShort {
            return length > self.longestToken ? Self.none : self.longRank(bytes, length)
        }
        if length == 1 { return self.ones[Int(bytes[0])] }
        if length == 2 { return self.twos[Int(bytes[0]) | Int(bytes[1]) << 8] }
        let key = Self.key(bytes, length)
        let hash = Self.mix(key)
        if self.filter[Self.filterWord(hash)] & Self.filterBit(hash) == 0 { return Self.none }
        var slot = Int(truncatingIfNeeded: hash) & self.shortMask
        while true {
            let found = self.short[2 * slot]
            if found == key { return UInt32(truncatingIfNeeded: self.short[2 * slot + 1]) }
            if found == 0 { return Self.none }
            slot = (slot + 1) & self.shortMask
        }
    }

    private func longRank(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> UInt32 {
        let hash = Self.hash(bytes, length)
        if self.filter[Self.filterWord(hash)] & Self.filterBit(hash) == 0 { return Self.none }
        var slot = Int(truncatingIfNeeded: hash) & self.longMask
        while true {
            let found = self.long[slot]
            if found == 0 { return Self.none }
            if found >> 32 == hash >> 32 {
                let rank = UInt32(truncatingIfNeeded: found) - 1
                let span = self.spans[Int(rank)]
                if Int(span & 0xFFFF_FFFF) == length, Self.equal(self.blob + Int(span >> 32), bytes, length) {
                    return rank
                }
            }
            slot = (slot + 1) & self.longMask
        }
    }

    /// Three to seven bytes and their number in one word; never 0, different for different tokens.
    @inline(__always)
    static func key(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> UInt64 {
        let raw = UnsafeRawPointer(bytes)
        if length >= 4 {
            // Two loads of four bytes that overlap where the length is below eight.
            let low = UInt64(raw.loadUnaligned(as: UInt32.self).littleEndian)
            let high = UInt64(raw.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self).littleEndian)
            return low | high << UInt64(8 * (length - 4)) | UInt64(length) << 56
        }
        let low = UInt64(raw.loadUnaligned(as: UInt16.self).littleEndian)
        return low | UInt64(bytes[2]) << 16 | UInt64(length) << 56
    }

    @inline(__always)
    static func mix(_ key: UInt64) -> UInt64 {
        let product = (key ^ (key >> 31)) &* 0x9E37_79B9_7F4A_7C15
        return product ^ (product >> 32)
    }

    /// A hash of eight or more bytes.
    @inline(__always)
    static func hash(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> UInt64 {
        let raw = UnsafeRawPointer(bytes)
        var hash = UInt64(length)
        var offset = 0
        while offset + 8 <= length {
            hash = Self.mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        return Self.mix(hash ^ raw.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self))
    }

    /// Whether two runs of eight or more bytes are equal.
    @inline(__always)
    static func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        let left = UnsafeRawPointer(left)
        let right = UnsafeRawPointer(right)
        var offset = 0
        while offset + 8 <= length {
            if left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        return left.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
    }
}
