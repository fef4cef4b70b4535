import Testing
import Tokenizing

@Suite struct SplitRuleTests {
    private func bytes(_ pieces: [String]) -> [[UInt8]] { pieces.map { Array($0.utf8) } }

    @Test("The hand-written rules cut like the published patterns", arguments: GoldenPieces.all)
    func goldenPieces(golden: GoldenPieces) {
        let cl100k = PieceSplitter.pieces(of: golden.text, encoding: .cl100kBase)
        #expect(self.bytes(cl100k) == self.bytes(golden.cl100k))
        let o200k = PieceSplitter.pieces(of: golden.text, encoding: .o200kBase)
        #expect(self.bytes(o200k) == self.bytes(golden.o200k))
        #expect(PieceSplitter.pieces(of: golden.text, encoding: .o200kHarmony) == o200k)
    }

    @Test("The old encodings keep one leading space and know no case-blind contraction")
    func leadingSpace() {
        let pieces = PieceSplitter.pieces(of: "I'm  12345x 'S\n\n y \u{4E2D}!?  ", encoding: .p50kBase)
        #expect(
            pieces == ["I", "'m", " ", " 12345", "x", " '", "S", "\n\n", " y", " \u{4E2D}", "!?", "  "])
    }
}
