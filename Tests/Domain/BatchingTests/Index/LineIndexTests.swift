import Batching
import Quantities
import Testing

private func entry(_ line: Int) -> LineEntry {
    LineEntry(
        offset: UInt64(line) * 4_096, length: UInt32(line + 10), promptTokens: UInt32(line * 3),
        customID: Hash128(of: "id-\(line)"), groupKey: UInt64(line / 7), outputTokens: UInt32(line % 5))
}

private func facts() -> FileFacts {
    var validator = LineValidator()
    _ = validator.add(LineFacts(offset: 0, length: 3, reading: .notJSON), customID: { "" }, model: { "" })
    return validator.finish(byteCount: 3)
}

private func order(_ count: Int) -> PrefixOrder {
    var builder = PrefixOrderBuilder()
    for line in 0..<count { builder.append(chain: [UInt64(line % 3), UInt64(line) + 100]) }
    return builder.build()
}

private func encode(_ count: Int, order: PrefixOrder? = nil) -> [UInt8] {
    var encoder = LineIndexEncoder()
    for line in 0..<count { encoder.append(entry(line)) }
    return encoder.finish(facts: facts(), order: order)
}

/// An index that lies in memory.
private func open(_ bytes: [UInt8]) throws(LineIndexError) -> LineIndex {
    try LineIndex(bytes: bytes.count, read: reader(bytes))
}

private func reader(_ bytes: [UInt8]) -> LineIndex.Read {
    { (offset: Int, count: Int) throws(LineIndexError) -> [UInt8] in
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { throw .truncated }
        return Array(bytes[offset..<offset + count])
    }
}

@Suite("The index of a file's lines") struct LineIndexTests {
    @Test("what was written comes back, line by line and in ranges", arguments: [0, 1, 50, 3_000])
    func roundTrip(_ count: Int) throws {
        let order = order(count)
        let bytes = encode(count, order: count == 0 ? nil : order)
        let index = try open(bytes)
        let read = reader(bytes)
        #expect(index.lineCount == count)
        #expect(index.facts == facts())
        #expect(index.order == (count == 0 ? nil : order))
        try index.verify(read: read)
        #expect(try index.entries(0..<count, read: read) == (0..<count).map(entry))
        for line in stride(from: 0, to: count, by: 13) { #expect(try index.entry(line, read: read) == entry(line)) }
        #expect(throws: LineIndexError.noSuchLine(count)) { try index.entry(count, read: read) }
        #expect(throws: LineIndexError.self) { try index.entries(0..<count + 1, read: read) }
    }

    @Test("a reader that asks for bytes itself finds the records") func byteRanges() throws {
        let bytes = encode(20)
        let range = LineIndex.byteRange(of: 4..<9)
        #expect(try LineIndex.entries(in: Array(bytes[range])) == (4..<9).map(entry))
    }

    @Test("every cut index is a typed error") func cut() {
        let bytes = encode(9, order: order(9))
        for count in 0..<bytes.count {
            #expect(throws: LineIndexError.self) { try open(Array(bytes.prefix(count))) }
        }
    }

    @Test("every flipped bit is found, at opening or by verification") func flipped() throws {
        let bytes = encode(9, order: order(9))
        for place in bytes.indices {
            for bit in [0, 7] {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(bit)
                #expect(throws: LineIndexError.self, "byte \(place), bit \(bit)") {
                    let index = try open(damaged)
                    try index.verify(read: reader(damaged))
                }
            }
        }
    }

    @Test("foreign bytes, another version and a failing reader have their own errors") func ownErrors() {
        var bytes = encode(2)
        #expect(throws: LineIndexError.unreadable) {
            try LineIndex(bytes: bytes.count) { (_, _) throws(LineIndexError) in throw .unreadable }
        }
        #expect(throws: LineIndexError.notAnIndex) { try open(Array(repeating: 7, count: 500)) }
        bytes[8] = 2
        #expect(throws: LineIndexError.unsupportedVersion(2)) { try open(bytes) }
    }

    @Test("hashes do not change between versions and differ for different texts") func hashes() {
        var seen: Set<Hash128> = []
        for line in 0..<20_000 { seen.insert(Hash128(of: "request-\(line)")) }
        for length in 0..<64 { seen.insert(Hash128(of: String(repeating: "\u{0}", count: length))) }
        #expect(seen.count == 20_064)
        #expect(Hash128(of: "a") == Hash128(of: "a"))
        #expect(Hash128(of: "request-1") < Hash128(high: .max, low: .max))
    }
}
