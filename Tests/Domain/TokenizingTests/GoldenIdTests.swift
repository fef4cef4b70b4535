import Testing
import Tokenizing

@Suite(.enabled(if: VocabularyFiles.arePresent, Comment(rawValue: VocabularyFiles.skipMessage)))
struct GoldenIdTests {
    @Test("Ids equal tiktoken's on texts that are easy to get wrong", arguments: GoldenIds.all)
    func goldenIds(golden: GoldenIds) throws {
        #expect(try VocabularyFiles.cl100k.get().encode(golden.text) == golden.cl100k)
        #expect(try VocabularyFiles.o200k.get().encode(golden.text) == golden.o200k)
        #expect(try VocabularyFiles.cl100k.get().count(golden.text) == golden.cl100k.count)
        #expect(try VocabularyFiles.o200k.get().count(golden.text) == golden.o200k.count)
    }

    @Test("The vocabularies have their published sizes")
    func sizes() throws {
        #expect(try VocabularyFiles.cl100k.get().tokenCount == 100_256)
        #expect(try VocabularyFiles.o200k.get().tokenCount == 199_998)
    }

    @Test(
        "Long repeats are counted exactly",
        arguments: [
            ("a", 5000, 5000), (" ", 313, 313), ("\n", 1250, 2500), ("\u{4E2D}\u{6587}\u{5B57}", 80_000, 40_000),
        ])
    func repeats(unit: String, cl100k: Int, o200k: Int) throws {
        let text = String(repeating: unit, count: 40_000)
        #expect(try VocabularyFiles.cl100k.get().count(text) == cl100k)
        #expect(try VocabularyFiles.o200k.get().count(text) == o200k)
    }

    @Test("Chunks cut anywhere give the count of the whole", arguments: [1, 2, 3, 7, 64, 1000])
    func streaming(chunk: Int) throws {
        let text = Array(GoldenIds.all.map(\.text).joined(separator: " Word").utf8)
        for encoder in [try VocabularyFiles.cl100k.get(), try VocabularyFiles.o200k.get()] {
            var counter = StreamingCounter(encoder)
            var index = 0
            while index < text.count {
                counter.take(Array(text[index..<min(index + chunk, text.count)]))
                #expect(counter.heldBytes <= 3 * 128 + chunk)
                index += chunk
            }
            #expect(counter.finish() == encoder.count(text))
        }
    }
}
