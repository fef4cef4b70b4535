import Batching
import Quantities
import Testing

/// A line as the tests compare it.
private struct Seen: Equatable, CustomStringConvertible {
    let bytes: [UInt8]
    let place: LineSplitter.Place
    var description: String { "\(String(decoding: self.bytes, as: UTF8.self))@\(self.place.offset)" }
}

/// Splits a file that arrives in chunks of these sizes, repeated.
private func split(_ file: [UInt8], chunks: [Int], lineBytesMax: Int = 1_000) -> [Seen] {
    var splitter = LineSplitter(lineBytesMax: lineBytesMax)
    var seen: [Seen] = []
    var start = 0
    var turn = 0
    while start < file.count {
        let end = min(start + chunks[turn % chunks.count], file.count)
        file[start..<end].withUnsafeBytes { chunk in
            splitter.feed(chunk) { seen.append(Seen(bytes: Array($0), place: $1)) }
        }
        #expect(splitter.carriedBytes <= lineBytesMax + 4)
        start = end
        turn += 1
    }
    splitter.finish { seen.append(Seen(bytes: Array($0), place: $1)) }
    #expect(splitter.byteCount == UInt64(file.count))
    return seen
}

/// The obvious way to split, to compare with.
private func expected(_ file: [UInt8], lineBytesMax: Int = 1_000) -> [Seen] {
    var pieces = file.split(separator: 0x0A, omittingEmptySubsequences: false)
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    return pieces.enumerated().map { index, piece in
        var piece = piece
        if piece.startIndex == 0, piece.starts(with: [0xEF, 0xBB, 0xBF]) { piece = piece.dropFirst(3) }
        if piece.last == 0x0D { piece = piece.dropLast() }
        let isTooLong = piece.count > lineBytesMax
        let place = LineSplitter.Place(
            number: index + 1, offset: UInt64(piece.startIndex), length: UInt64(piece.count), isTooLong: isTooLong,
            isBlank: piece.allSatisfy { $0 == 0x20 || $0 == 0x09 })
        return Seen(bytes: isTooLong ? [] : Array(piece), place: place)
    }
}

@Suite("Splitting a file into lines") struct LineSplitterTests {
    @Test(
        "the same lines come out of chunks of any size",
        arguments: [
            "", "\n", "a", "a\n", "a\nb", "a\r\nb\r\n", "\u{FEFF}a\nb\n", "\u{FEFF}", "\n\n\na\n\n", "a\r", "a\rb\r\n",
            "a\u{0}b\nc\n", "  \t\nx\n \r\n", "{\"a\":1}\n{\"b\":\"\u{FEFF}é\"}\r\n", "\u{FEFF}\r\n", "\r\n",
        ])
    func anyChunkSize(_ text: String) {
        let file = Array(text.utf8)
        for size in 1...9 { #expect(split(file, chunks: [size]) == expected(file), "chunks of \(size)") }
        #expect(split(file, chunks: [1, 3, 2]) == expected(file))
        #expect(split(file, chunks: [1_000]) == expected(file))
    }

    @Test("a line over the limit is reported without its bytes and the next one is whole")
    func tooLong() {
        let file = Array("short\n".utf8) + Array(repeating: UInt8(ascii: "x"), count: 5_000) + Array("\r\nnext\n".utf8)
        for size in [1, 7, 64, 10_000] {
            let seen = split(file, chunks: [size], lineBytesMax: 10)
            #expect(seen == expected(file, lineBytesMax: 10), "chunks of \(size)")
            #expect(seen[1].place.isTooLong && seen[1].place.length == 5_000 && seen[2].place.offset == 5_008)
        }
    }

    @Test(
        "a line of exactly the limit is given, also with a mark before it and CRLF behind it", arguments: [1, 4, 100])
    func exactlyTheLimit(_ size: Int) {
        let file: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("0123456789\r\n0123456789A\n0123456789".utf8)
        let seen = split(file, chunks: [size], lineBytesMax: 10)
        #expect(seen == expected(file, lineBytesMax: 10))
        #expect(seen.map(\.place.isTooLong) == [false, true, false])
    }

    @Test("random files split as the obvious way does", arguments: [1, 2, 3, 4] as [UInt64])
    func randomFiles(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let alphabet: [UInt8] = [0x0A, 0x0D, 0x20, 0x00, 0x0B, 0x8A, 0x7B, 0xEF, 0xBB, 0xBF]
            let count = Int.random(in: 0..<200, using: &random)
            let file = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let sizes = (0..<5).map { _ in Int.random(in: 1...40, using: &random) }
            #expect(split(file, chunks: sizes, lineBytesMax: 20) == expected(file, lineBytesMax: 20))
        }
    }

    @Test("an error of the receiver comes through and lines within a chunk are not copied") func errorsAndCopies() {
        struct Stop: Error {}
        var splitter = LineSplitter()
        let file = Array("one\ntwo\n".utf8)
        #expect(throws: Stop.self) {
            try file.withUnsafeBytes { chunk in
                try splitter.feed(chunk) { line, _ throws(Stop) in
                    #expect(line.baseAddress == chunk.baseAddress)
                    throw Stop()
                }
            }
        }
    }
}
