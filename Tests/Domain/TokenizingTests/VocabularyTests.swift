import Testing
import Tokenizing

@Suite struct VocabularyTests {
    private func load(_ text: String) throws -> Vocabulary {
        try Vocabulary(rankFile: Array(text.utf8), encoding: .cl100kBase)
    }

    @Test(
        "A malformed line is refused with its number",
        arguments: [
            ("IQ==\n", "no space between token and rank"),
            ("IQ== x\n", "the rank is not a number"),
            ("IQ== \n", "the rank is missing"),
            ("I*== 1\n", "the token is not base64"),
            (" 1\n", "the token is empty"),
            ("I=== 1\n", "the token is not base64"),
        ])
    func malformedLine(line: String, reason: String) {
        #expect(throws: TokenizingError.malformedRankLine(line: 3, reason: reason)) {
            try self.load("IQ== 0\n\n" + line)
        }
    }

    @Test("A rank or a token that comes twice is refused")
    func duplicates() {
        #expect(throws: TokenizingError.duplicate(line: 2, reason: "rank 0 was given before")) {
            try self.load("IQ== 0\nIg== 0\n")
        }
        var tokens = TinyVocabulary.tokens
        tokens.append(Array("hello".utf8))
        let reason = "the token of rank \(tokens.count - 1) has another rank too"
        #expect(throws: TokenizingError.duplicate(line: 0, reason: reason)) {
            try Vocabulary(rankFile: TinyVocabulary.rankFile(tokens), encoding: .cl100kBase)
        }
    }

    @Test("A vocabulary without some byte is refused")
    func missingByte() {
        var tokens = TinyVocabulary.tokens
        tokens[0x7F] = Array("replaced".utf8)
        #expect(throws: TokenizingError.missingByte(0x7F)) {
            try Vocabulary(rankFile: TinyVocabulary.rankFile(tokens), encoding: .cl100kBase)
        }
        #expect(throws: TokenizingError.emptyVocabulary) { try self.load("\n") }
    }

    @Test("A rank beyond the limit is refused")
    func tooLarge() {
        #expect(throws: TokenizingError.tooLarge("line 1: a rank of 4194304 or more")) {
            try self.load("IQ== 99999999999999\n")
        }
    }

    @Test("Lines may come in any order, with carriage returns and without a last line break")
    func anyOrder() throws {
        let lines = String(decoding: TinyVocabulary.rankFile, as: UTF8.self).split(separator: "\n").reversed()
        let vocabulary = try self.load(lines.joined(separator: "\r\n"))
        #expect(vocabulary.tokenCount == TinyVocabulary.tokens.count)
        #expect(Encoder(vocabulary).decode([65]) == [65])
        #expect(Encoder(vocabulary).decode([9999]) == nil)
    }
}
