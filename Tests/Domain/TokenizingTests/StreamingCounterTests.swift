import Quantities
import Testing
import Tokenizing

@Suite struct StreamingCounterTests {
    @Test("Random texts in random chunks count as whole", arguments: EncodingName.allCases)
    func randomChunks(encoding: EncodingName) throws {
        let encoder = try TinyVocabulary.encoder(encoding)
        let atoms = [
            "a", "B", "'l", "l", "'s", " ", "\n", "\r\n", "\u{E01}", "\u{301}", "12", "/", "!", "\u{17F}", "\u{1F600}",
        ]
        var generator = SeededGenerator(seed: 5)
        var counter = StreamingCounter(encoder)
        for _ in 0..<300 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                text += atoms[Int.random(in: 0..<atoms.count, using: &generator)].utf8
            }
            var rest = text[...]
            while !rest.isEmpty {
                let chunk = rest.prefix(Int.random(in: 1..<9, using: &generator))
                counter.take(Array(chunk))
                rest = rest.dropFirst(chunk.count)
            }
            #expect(counter.finish() == encoder.count(text), "\(text)")
        }
    }

    @Test("Little is held while pieces end")
    func boundedMemory() throws {
        var counter = StreamingCounter(try TinyVocabulary.encoder())
        let chunk = Array(String(repeating: "some words and 12345 numbers\n", count: 200).utf8)
        for _ in 0..<50 {
            counter.take(chunk)
            #expect(counter.heldBytes < 64)
        }
        #expect(counter.finish() > 0)
        #expect(counter.heldBytes == 0)
    }

    @Test("One giant piece in small chunks is held and then counted")
    func giantPiece() throws {
        let encoder = try TinyVocabulary.encoder()
        var counter = StreamingCounter(encoder)
        for _ in 0..<4000 { counter.take([UInt8](repeating: UInt8(ascii: "a"), count: 50)) }
        #expect(counter.heldBytes == 200_000)
        #expect(counter.finish() == 25_000)
    }
}
