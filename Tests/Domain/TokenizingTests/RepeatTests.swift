import Quantities
import Testing
import Tokenizing

/// One piece of any length must not cost its square. Steps are counted, so that no clock decides.
@Suite struct RepeatTests {
    static let units = ["a", "ab", "abc", "aab", "abcdefgh", " ", "\n", "hello", "\u{4E2D}", "A", "!", "\u{301}"]

    /// Steps of the heap for texts of `length` and twice `length` bytes.
    static func steps(_ unit: String, _ length: Int, _ encoder: Encoder) -> (once: Int, twice: Int) {
        let unit = Array(unit.utf8)
        let text = { (bytes: Int) in (0..<bytes / unit.count).flatMap { _ in unit } }
        return (encoder.mergeSteps(text(length)), encoder.mergeSteps(text(2 * length)))
    }

    /// A heap of twice the size has one level more: a little more than twice the steps, where a plain scan takes four
    /// times as many.
    static func expectLinear(_ steps: (once: Int, twice: Int), _ length: Int, _ comment: Comment) {
        #expect(steps.twice <= steps.once * 9 / 4 + 64, comment)
        let levels = Int.bitWidth - length.leadingZeroBitCount
        #expect(steps.once <= 4 * length * levels, comment)
    }

    @Test("twice the text takes twice the steps", arguments: [EncodingName.cl100kBase, .o200kBase, .r50kBase])
    func repeats(encoding: EncodingName) throws {
        let encoder = try TinyVocabulary.encoder(encoding)
        for unit in Self.units {
            Self.expectLinear(Self.steps(unit, 4_000, encoder), 4_000, "\(encoding) \(unit)")
        }
        // The steps are those of the merging: it cannot do without.
        #expect(Self.steps("ab", 4_000, encoder).once > 4_000)
        #expect(encoder.mergeSteps(Array("ab ab hello".utf8)) == 0)
    }

    @Test("letters in no order take steps in proportion, too")
    func random() throws {
        let encoder = try TinyVocabulary.encoder()
        var generator = SeededGenerator(seed: 11)
        let text = (0..<8_000).map { _ in UInt8(ascii: "a") + UInt8.random(in: 0..<8, using: &generator) }
        Self.expectLinear((encoder.mergeSteps(Array(text[..<4_000])), encoder.mergeSteps(text)), 4_000, "random")
    }

    @Test(
        "the same with the published vocabularies",
        .enabled(if: VocabularyFiles.arePresent, Comment(rawValue: VocabularyFiles.skipMessage)))
    func published() throws {
        for encoder in [try VocabularyFiles.cl100k.get(), try VocabularyFiles.o200k.get()] {
            for unit in Self.units + ["=", "-", "na", "\u{1F600}", "\u{995}"] {
                Self.expectLinear(
                    Self.steps(unit, 4_000, encoder), 4_000, "\(encoder.encoding?.rawValue ?? "") \(unit)")
            }
        }
    }
}
