import Quantities
import Testing
import Tokenizing

@Suite struct TokenizerJSONTests {
    /// The 256 bytes as byte-level scalars, numbered by byte, and these merges in order; `ab` + `c` and `a` + `bc` both
    /// make `abc`, but only the second is a merge.
    private static let merges = [("b", "c"), ("a", "b"), ("a", "bc"), ("a", "a"), ("aa", "aa"), ("\u{120}", "a")]

    private static func byteScalars() -> [String] {
        var next: UInt32 = 0x100
        return (0..<256).map { byte -> String in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            defer { if !isPrintable { next += 1 } }
            return Unicode.Scalar(isPrintable ? UInt32(byte) : next).map { String(Character($0)) } ?? ""
        }
    }

    private static let byteLevel: TokenizerDocument = .object([
        "type": .text("ByteLevel"), "add_prefix_space": .bool(false), "use_regex": .bool(true),
    ])

    private static func document(
        pairsAsLists: Bool = false, changing changes: [String: TokenizerDocument] = [:],
        model modelChanges: [String: TokenizerDocument] = [:]
    ) -> TokenizerDocument {
        var vocabulary: [String: TokenizerDocument] = [:]
        for (byte, text) in self.byteScalars().enumerated() { vocabulary[text] = .integer(byte) }
        for (left, right) in self.merges { vocabulary[left + right] = .integer(vocabulary.count) }
        let merges: [TokenizerDocument] = self.merges.map {
            pairsAsLists ? .list([.text($0), .text($1)]) : .text("\($0) \($1)")
        }
        var model: [String: TokenizerDocument] = [
            "type": .text("BPE"), "dropout": .null, "vocab": .object(vocabulary), "merges": .list(merges),
        ]
        model.merge(modelChanges) { $1 }
        var members: [String: TokenizerDocument] = [
            "normalizer": .null, "pre_tokenizer": self.byteLevel, "model": .object(model),
            "added_tokens": .list([.object(["id": .integer(900), "content": .text("<|end|>")])]),
        ]
        members.merge(changes) { $1 }
        return .object(members)
    }

    private static func split(_ pattern: String, behavior: String = "Isolated") -> TokenizerDocument {
        .object([
            "type": .text("Sequence"),
            "pretokenizers": .list([
                .object([
                    "type": .text("Split"), "pattern": .object(["Regex": .text(pattern)]),
                    "behavior": .text(behavior), "invert": .bool(false),
                ]),
                .object([
                    "type": .text("ByteLevel"), "add_prefix_space": .bool(false), "use_regex": .bool(false),
                ]),
            ]),
        ])
    }

    @Test("Pairs are merged in the order of the list, written either way", arguments: [false, true])
    func mergeOrder(pairsAsLists: Bool) throws {
        let encoder = Encoder(try TokenizerJSON(Self.document(pairsAsLists: pairsAsLists)))
        #expect(encoder.encode("abc") == [258])
        #expect(encoder.encode("aaaaab") == [260, 257])
        #expect(encoder.encode("x a\u{E9} aa") == [120, 261, 0xC3, 0xA9, 32, 259])
        #expect(encoder.count("abcabc") == 2)
    }

    @Test("Pieces that are tokens are taken whole only where merges are to be ignored")
    func wholePieces() throws {
        let merges = TokenizerDocument.list([.text("a b")])
        let merging = Encoder(try TokenizerJSON(Self.document(model: ["merges": merges])))
        #expect(merging.encode("abc") == [257, 0x63])
        let whole = Encoder(
            try TokenizerJSON(Self.document(model: ["merges": merges, "ignore_merges": .bool(true)])))
        #expect(whole.encode("abc") == [258])
    }

    @Test("Twice the text takes twice the steps of merging")
    func repeats() throws {
        let encoder = Encoder(try TokenizerJSON(Self.document()))
        for unit in ["a", "ab", "abc"] {
            let steps = RepeatTests.steps(unit, 4_000, encoder)
            #expect(steps.once > 4_000)
            RepeatTests.expectLinear(steps, 4_000, "\(unit)")
        }
    }

    @Test("Merging equals its plain definition")
    func plainDefinition() throws {
        let encoder = Encoder(try TokenizerJSON(Self.document()))
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let text = (0..<Int.random(in: 1..<40, using: &generator)).map { _ in
                String(["a", "b", "c"][Int.random(in: 0..<3, using: &generator)])
            }
            var parts = text
            while let merge = Self.merges.first(where: { pair in
                zip(parts, parts.dropFirst()).contains { $0 == pair.0 && $1 == pair.1 }
            }) {
                for index in parts.indices.dropLast() where parts[index] == merge.0 && parts[index + 1] == merge.1 {
                    parts[index] += parts.remove(at: index + 1)
                    break
                }
            }
            let joined = encoder.encode(text.joined())
            #expect(joined.compactMap { encoder.decode([$0]) } == parts.map { Array($0.utf8) })
        }
    }

    private static func added(_ id: Int, _ text: String, _ more: [String: TokenizerDocument] = [:]) -> TokenizerDocument
    {
        .object(["id": .integer(id), "content": .text(text)].merging(more) { $1 })
    }

    @Test("Added tokens are recognised in text, the leftmost and longest first, and decoded")
    func addedTokens() throws {
        let list: TokenizerDocument = .list([
            Self.added(900, "<|end|>"), Self.added(901, "<|end"), Self.added(256, "bc"), Self.added(903, ""),
        ])
        let tokenizer = try TokenizerJSON(Self.document(changing: ["added_tokens": list]))
        let encoder = Encoder(tokenizer)
        #expect(tokenizer.addedTokens[900] == "<|end|>")
        #expect(encoder.encode("a<|end|>abc<|end|") == [97, 900, 97, 256, 901, 124])
        #expect(encoder.count("<|end|><|end|>") == 2)
        #expect(encoder.decode([900, 97]) == Array("<|end|>a".utf8))
        #expect(encoder.encoding == nil)
    }

    @Test("White space beside an added token becomes part of it where the tokenizer says so")
    func addedTokensWithSpace() throws {
        let list: TokenizerDocument = .list([
            Self.added(900, "<l>", ["lstrip": .bool(true)]), Self.added(901, "<r>", ["rstrip": .bool(true)]),
        ])
        let encoder = Encoder(try TokenizerJSON(Self.document(changing: ["added_tokens": list])))
        #expect(encoder.encode("x\u{2003} <l> y") == [120, 900, 32, 121])
        #expect(encoder.encode("x <r>\n\u{2003}<l>y") == [120, 32, 901, 900, 121])
    }

    @Test("A stream of text has the count of the whole, also where an added token lies across two pieces")
    func streaming() throws {
        let encoder = Encoder(try TokenizerJSON(Self.document()))
        var counter = StreamingCounter(encoder)
        for piece in ["ab<|e", "nd|>", "abc"] { counter.take(Array(piece.utf8)) }
        #expect(counter.finish() == encoder.count("ab<|end|>abc"))
        #expect(counter.heldBytes == 0 && counter.finish() == 0)
    }

    @Test("The special tokens around a text are those of the post-processor")
    func postProcessors() throws {
        func around(_ processor: TokenizerDocument) throws -> Int {
            Encoder(try TokenizerJSON(Self.document(changing: ["post_processor": processor]))).tokensAroundText
        }
        let byteLevel: TokenizerDocument = .object(["type": .text("ByteLevel")])
        let text: TokenizerDocument = .object(["Sequence": .object(["id": .text("A")])])
        let start: TokenizerDocument = .object(["SpecialToken": .object(["id": .text("<s>")])])
        func template(_ pieces: [TokenizerDocument]) -> TokenizerDocument {
            .object([
                "type": .text("TemplateProcessing"), "single": .list(pieces),
                "special_tokens": .object(["<s>": .object(["ids": .list([.integer(900), .integer(901)])])]),
            ])
        }
        #expect(try around(.null) == 0)
        #expect(try around(byteLevel) == 0)
        #expect(try around(.object(["type": .text("RobertaProcessing")])) == 2)
        let steps: TokenizerDocument = .list([byteLevel, template([start, text, start])])
        #expect(try around(.object(["type": .text("Sequence"), "processors": steps])) == 4)
        #expect(self.refusal(Self.document(changing: ["post_processor": template([start])])) == "post_processor.single")
        #expect(
            self.refusal(Self.document(changing: ["post_processor": .object(["type": .text("New")])]))
                == "post_processor")
    }

    @Test("Digits are cut as the pattern says")
    func patterns() throws {
        let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
        let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let merges: TokenizerDocument = .list([.text("1 1")])
        for (digits, count) in [(#"\p{N}{1,3}"#, 2), (#"\p{N}"#, 3)] {
            let pattern = contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits + rest
            var vocabulary = ["11": TokenizerDocument.integer(256)]
            for (byte, text) in Self.byteScalars().enumerated() { vocabulary[text] = .integer(byte) }
            let document = Self.document(
                changing: ["pre_tokenizer": Self.split(pattern)],
                model: ["merges": merges, "vocab": .object(vocabulary)])
            #expect(Encoder(try TokenizerJSON(document)).count("111") == count)
        }
    }

    @Test("Text is composed where the tokenizer wants it, and added tokens are looked for in the form they ask for")
    func normalization() throws {
        let list: TokenizerDocument = .list([
            Self.added(900, "s\u{301}", ["normalized": .bool(true)]), Self.added(901, "<a\u{301}>"),
        ])
        let document = Self.document(
            changing: ["normalizer": .object(["type": .text("NFC")]), "added_tokens": list])
        let encoder = Encoder(try TokenizerJSON(document))
        // Looked for in composed text: both spellings are found. Looked for in text as it stands: only the one.
        #expect(encoder.encode("s\u{301}\u{15B}<a\u{301}>\u{E1}") == [900, 900, 901, 0xC3, 0xA1])
        let verbatim = Encoder(try TokenizerJSON(Self.document()))
        #expect(verbatim.encode("o\u{308}") == [0x6F, 0xCC, 0x88])
    }

    /// As `NFC().normalize_str` of tokenizers 0.23.3.
    static let compositions: [(String, String)] = [
        ("o\u{308}", "\u{F6}"), ("\u{F6}", "\u{F6}"), ("\u{212B}", "\u{C5}"), ("\u{F900}", "\u{8C48}"),
        ("\u{304B}\u{3099}", "\u{304C}"), ("\u{302E}\u{302A}", "\u{302A}\u{302E}"), ("\u{2000}", "\u{2002}"),
        ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"), ("\u{AC00}\u{11A8}", "\u{AC01}"),
        ("\u{1113}\u{1161}", "\u{1113}\u{1161}"), ("\u{AC01}\u{11A8}", "\u{AC01}\u{11A8}"),
        ("\u{CC6}\u{CC2}\u{CD5}", "\u{CCB}"), ("\u{CCA}\u{CD5}", "\u{CCB}"),
        // A mark of the same class stands in the way, one of another does not.
        ("a\u{300}\u{301}", "\u{E0}\u{301}"), ("a\u{323}\u{302}", "\u{1EAD}"), ("a\u{302}\u{323}", "\u{1EAD}"),
        ("a\u{334}\u{301}", "\u{E1}\u{334}"), ("a\u{328}\u{316}\u{301}", "\u{105}\u{316}\u{301}"),
        ("a\u{315}b\u{301}", "a\u{315}b\u{301}"),
        // Never joined, and of a later Unicode.
        ("\u{915}\u{93C}", "\u{915}\u{93C}"), ("\u{958}", "\u{915}\u{93C}"), ("\u{2ADC}", "\u{2ADD}\u{338}"),
        ("\u{E0041}\u{301}", "\u{E0041}\u{301}"), ("a\u{315}\u{1DF6}\u{300}", "a\u{315}\u{1DF6}\u{300}"),
    ]

    @Test("Composition is that of the library", arguments: compositions)
    func composition(_ text: String, _ composed: String) throws {
        let document = Self.document(changing: ["normalizer": .object(["type": .text("NFC")])])
        let encoder = Encoder(try TokenizerJSON(document))
        // Scalars that are passed over when a text is looked through stand before it.
        let plain = "A\u{440}\u{4E2D}\u{AC00}.\u{3042}\u{30A2}\u{3002}\u{2019}\u{1F600}"
        #expect(encoder.decode(encoder.encode(plain + text)) == Array((plain + composed).utf8))
    }

    private func refusal(_ document: TokenizerDocument) -> String? {
        do throws(TokenizingError) {
            _ = try TokenizerJSON(document)
            return nil
        } catch {
            if case .unsupported(let path, _) = error { return path }
            return "\(error)"
        }
    }

    @Test("What is not understood is refused with its place")
    func refusals() {
        #expect(self.refusal(.null) == "model.type")
        #expect(
            self.refusal(Self.document(changing: ["normalizer": .object(["type": .text("Lowercase")])])) == "normalizer"
        )
        #expect(
            self.refusal(Self.document(changing: ["pre_tokenizer": .object(["type": .text("Metaspace")])]))
                == "pre_tokenizer")
        let unknown = Self.document(changing: ["pre_tokenizer": Self.split(#"\w+"#)])
        #expect(self.refusal(unknown) == "pre_tokenizer.pretokenizers[0].pattern")
        let removed = Self.document(changing: ["pre_tokenizer": Self.split(#"\p{N}"#, behavior: "Removed")])
        #expect(self.refusal(removed) == "pre_tokenizer.pretokenizers[0].behavior")
        #expect(self.refusal(Self.document(model: ["type": .text("Unigram")])) == "model.type")
        #expect(self.refusal(Self.document(model: ["dropout": .fraction(0.1)])) == "model.dropout")
        #expect(self.refusal(Self.document(model: ["byte_fallback": .bool(true)])) == "model.byte_fallback")
        #expect(self.refusal(Self.document(model: ["merges": .list([.text("a bcd")])])) == "model.merges[0]")
        #expect(self.refusal(Self.document(model: ["merges": .list([.text("ab")])])) == "model.merges[0]")
        #expect(
            self.refusal(Self.document(model: ["vocab": .object(["\u{4E2D}": .integer(0)])])) == "model.vocab[\u{4E2D}]"
        )
        #expect(self.refusal(Self.document(model: ["vocab": .object(["a": .integer(-1)])])) == "model.vocab[a]")
        #expect(
            self.refusal(Self.document(model: ["vocab": .object(["a": .integer(0)])]))
                == "there is no token for the byte 0, so some text could not be encoded")
        #expect(self.refusal(Self.document(changing: ["added_tokens": .list([.null])])) == "added_tokens[0]")
        let inWords = Self.added(900, "<w>", ["single_word": .bool(true)])
        #expect(
            self.refusal(Self.document(changing: ["added_tokens": .list([inWords])])) == "added_tokens[0].single_word")
        let misnumbered = Self.added(900, "abc")
        #expect(self.refusal(Self.document(changing: ["added_tokens": .list([misnumbered])])) == "added_tokens[0].id")
        let twice = TokenizerDocument.list([Self.added(900, "x<"), Self.added(900, "y<")])
        #expect(self.refusal(Self.document(changing: ["added_tokens": twice])) == "added_tokens[1].id")
    }
}
