import Quantities
import Testing
import Tokenizing

@Suite struct EncoderTests {
    @Test("Merging of short and long pieces equals the plain definition", arguments: [3, 20, 90, 96, 97, 98, 400])
    func mergingEqualsDefinition(length: Int) throws {
        let encoder = try TinyVocabulary.encoder()
        var generator = SeededGenerator(seed: UInt64(length))
        for _ in 0..<40 {
            let piece = (0..<length).map { _ in UInt8(ascii: "a") + UInt8.random(in: 0..<3, using: &generator) }
            #expect(encoder.encode(piece) == TinyVocabulary.plainMerge(piece))
            #expect(encoder.count(piece) == TinyVocabulary.plainMerge(piece).count)
        }
    }

    @Test("A piece that is a token is that token")
    func wholePiece() throws {
        let encoder = try TinyVocabulary.encoder()
        let hello = UInt32(256 + 10)
        #expect(encoder.encode("hello") == [hello])
        #expect(encoder.decode([hello, 0x21]) == Array("hello!".utf8))
    }

    @Test("Tokens joined give the text back", arguments: GoldenIds.all)
    func roundTrip(golden: GoldenIds) throws {
        for encoding in EncodingName.allCases {
            let encoder = try TinyVocabulary.encoder(encoding)
            #expect(encoder.decode(encoder.encode(golden.text)) == Array(golden.text.utf8))
            #expect(encoder.count(golden.text) == encoder.encode(golden.text).count)
        }
    }

    @Test("An unknown token cannot be decoded, a special one can")
    func decodingUnknown() throws {
        let encoder = try TinyVocabulary.encoder()
        #expect(encoder.decode([5_000_000]) == nil)
        #expect(encoder.decode([100_257]) == Array("<|endoftext|>".utf8))
        #expect(try TinyVocabulary.encoder(.o200kHarmony).decode([200_006]) == Array("<|start|>".utf8))
    }

    @Test(
        "Ill-formed UTF-8 counts as its repair",
        arguments: [
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            ([0xE4, 0xB8], "\u{FFFD}"),
            ([0xE4, 0xB8, 0x61], "\u{FFFD}a"),
            ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}"),
            ([0xE0, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x9F, 0x98, 0x41], "\u{FFFD}A"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF5, 0x80], "\u{FFFD}\u{FFFD}"),
            ([0x80], "\u{FFFD}"),
        ] as [([UInt8], String)])
    func illFormed(bytes: [UInt8], repaired: String) throws {
        let encoder = try TinyVocabulary.encoder()
        #expect(encoder.encode(bytes) == encoder.encode(repaired))
        var counter = StreamingCounter(encoder)
        for byte in bytes { counter.take([byte]) }
        #expect(counter.finish() == encoder.count(repaired))
    }

    @Test("A substring counts as the text that it shows")
    func substring() throws {
        let encoder = try TinyVocabulary.encoder()
        let text = "xxhelloxx"
        #expect(encoder.count(text.dropFirst(2).dropLast(2)) == 1)
    }
}
