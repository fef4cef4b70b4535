import EbbCommands
import Gateway
import Testing
import Tokenizing

@Suite struct CountTests {
    /// The vocabularies that `make vocabularies` fetched, if it did.
    static let shelf = Vocabularies.standard(option: nil)
    static let isSupplied = shelf.encoder(.cl100kBase) != nil && shelf.encoder(.o200kBase) != nil

    let folder: ScratchFolder

    init() throws { self.folder = try ScratchFolder() }

    func count(
        _ text: String, _ form: LineCounting.Form = .number, encoding: EncodingName? = nil, model: String? = nil,
        lines: Bool = true, shelf: Vocabularies = CountTests.shelf, tokenizers: TokenizerFiles = TokenizerFiles([])
    ) async throws -> CapturedOutput {
        let file = try self.folder.file("input.jsonl", text)
        let job = CountJob(
            vocabularies: shelf, tokenizers: tokenizers, encoding: encoding, model: model, form: form,
            readsLines: lines)
        return try await CapturedOutput.of(self.folder) { output, complain in
            _ = try await job.run([file], output: output, complain: complain)
        }
    }

    /// Figures: tiktoken 0.14.0 and the price reference's golden counts.
    static let golden: [(String, EncodingName, String)] = [
        (#""hello world""#, .cl100kBase, "[15339,1917]"),
        (#""hello world""#, .o200kBase, "[24912,2375]"),
        (#""<|endoftext|>""#, .cl100kBase, "[27,91,8862,728,428,91,29]"),
        (#""""#, .cl100kBase, "[]"),
        (#""\ud800""#, .cl100kBase, "[5809]"),
    ]

    @Test("The ids of a JSON string are those of the text that it spells", .enabled(if: CountTests.isSupplied))
    func goldenIDs() async throws {
        for (line, encoding, ids) in Self.golden {
            let result = try await self.count(line, .ids, encoding: encoding)
            #expect(result.lines == [ids], "\(line) in \(encoding)")
        }
    }

    @Test("Escaped and plain spellings of a text have the same ids", .enabled(if: CountTests.isSupplied))
    func escapes() async throws {
        let result = try await self.count(
            "\"caf\u{E9} \\n\\t\\\"x\\\" \u{1F600}\"\n\"caf\\u00e9 \\u000a\\u0009\\u0022x\\u0022 \\ud83d\\ude00\"\n",
            .ids)
        #expect(result.lines.count == 2)
        #expect(result.lines.first == result.lines.last)
    }

    @Test("Chats, bodies and batch lines have the published counts", .enabled(if: CountTests.isSupplied))
    func chats() async throws {
        let messages =
            #"[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Hello world!"}]"#
        let body = #"{"model":"gpt-3.5-turbo-0125","messages":\#(messages),"max_tokens":1000}"#
        let batch = #"{"custom_id":"request-1","method":"POST","url":"/v1/chat/completions","body":\#(body)}"#
        let result = try await self.count("\(messages)\n\(body)\n\(batch)\n", model: "gpt-3.5-turbo-0125")
        #expect(result.lines == ["20", "20", "20"])
        let own = try await self.count(body, .object)
        #expect(own.lines == [#"{"tokens":20,"countedBy":"encoding","isEstimate":false,"reasons":[]}"#])
    }

    @Test("Embeddings count each text, and given tokens as they are", .enabled(if: CountTests.isSupplied))
    func embeddings() async throws {
        let result = try await self.count(
            """
            {"model":"text-embedding-3-small","input":"hello world"}
            {"model":"text-embedding-3-small","input":["hello world","hello world"]}
            {"model":"text-embedding-3-small","input":[1,2,3]}
            {"model":"text-embedding-3-small","input":[[1,2,3],[4]]}

            """)
        #expect(result.lines == ["2", "4", "3", "4"])
    }

    @Test("Lines that cannot be used are named by number and keep their place in the output")
    func flaws() async throws {
        let result = try await self.count("\"a\"\n\n{]\n\"b\"\n5\n{\"x\":1}")
        #expect(result.lines.count == 5)
        #expect(result.lines[1] == "null" && result.lines[3] == "null" && result.lines[4] == "null")
        let places = result.complaints.map { $0.split(separator: ":").dropFirst().first.map(String.init) }
        #expect(places == ["3", "5", "6"])
        #expect(result.complaints.first?.contains("not valid JSON: unexpected character at byte 1") == true)
    }

    @Test("Without a vocabulary four bytes are a token, the count is an estimate and ids are refused")
    func missingVocabulary() async throws {
        let bare = Vocabularies(folders: [self.folder.path])
        let result = try await self.count("\"abcdefghi\"", .object, shelf: bare)
        #expect(
            result.lines == [#"{"tokens":3,"countedBy":"bytes","isEstimate":true,"reasons":["vocabulary_missing"]}"#])
        #expect(bare.note?.contains("make vocabularies") == true)
        await #expect(throws: CommandFailure.self) { try await self.count("\"a\"", .ids, shelf: bare) }
    }

    @Test("Many blocks come out in the order of the input, with right line numbers")
    func order() async throws {
        var text = ""
        for number in 0..<120_000 { text += number % 50_000 == 49_999 ? "{bad\n" : "\"\(number % 7) x\"\n" }
        let bare = Vocabularies(folders: [])
        let result = try await self.count(text, shelf: bare)
        let lines = result.lines
        #expect(lines.count == 120_000)
        #expect(lines.indices.filter { lines[$0] == "null" } == [49_999, 99_999])
        #expect(
            result.complaints.map { $0.split(separator: ":")[1] } == ["50000", "100000"])
    }

    @Test("Whole texts are counted as one text", .enabled(if: CountTests.isSupplied))
    func texts() async throws {
        let result = try await self.count("hello world", encoding: .cl100kBase, lines: false)
        #expect(result.text == "2\n")
        let ids = try await self.count("hello world", .ids, encoding: .cl100kBase, lines: false)
        #expect(ids.text == "[15339,1917]\n")
    }

    /// A tokenizer of the 256 bytes and one merge, with a token at the start of every text.
    static func tokenizer(_ type: String = "BPE") -> String {
        var next: UInt32 = 0x100
        let bytes = (0..<256).map { byte -> String in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            defer { if !isPrintable { next += 1 } }
            let scalar = String(isPrintable ? UInt32(byte) : next, radix: 16)
            return "\"\\u\(String(repeating: "0", count: 4 - scalar.count))\(scalar)\":\(byte)"
        }
        return """
            {"normalizer":{"type":"NFC"},"added_tokens":[{"id":257,"content":"<s>","special":true}],
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},
            "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],
            "special_tokens":{"<s>":{"id":"<s>","ids":[257]}}},
            "model":{"type":"\(type)","vocab":{\(bytes.joined(separator: ",")),"ab":256},"merges":["a b"]}}
            """
    }

    @Test("A tokenizer file counts its models; prompts have the tokens around a text, chats an unknown framing")
    func tokenizerFiles() async throws {
        let files = TokenizerFiles(path: try self.folder.file("tokenizer.json", Self.tokenizer()))
        let ids = try await self.count("\"ab<s>o\u{308}\"\n{\"prompt\":\"aba\"}", .ids, tokenizers: files)
        #expect(ids.lines == ["[256,257,195,182]", "[256,97]"])
        let counts = try await self.count(
            #"{"prompt":["aba","c"]}"# + "\n" + #"[{"role":"ab","content":"ab"}]"#, .object, tokenizers: files)
        #expect(
            counts.lines == [
                #"{"tokens":5,"countedBy":"tokenizer","isEstimate":false,"reasons":[]}"#,
                #"{"tokens":8,"countedBy":"tokenizer","isEstimate":true,"reasons":["framing_unknown"]}"#,
            ])
        let text = try await self.count("ab ab", lines: false, tokenizers: files)
        #expect(text.text == "3\n")
    }

    @Test("A configuration names tokenizers of models; one that is not supported is an error, never another count")
    func configuredTokenizers() async throws {
        _ = try self.folder.file("good.json", Self.tokenizer())
        _ = try self.folder.file("bad.json", Self.tokenizer("Unigram"))
        let configuration = try self.folder.file(
            "ebb.yaml", "models: {good: {tokenizer: good.json}, bad: {tokenizer: ./bad.json}}")
        let files = try TokenizerFiles(configuration: configuration)
        let bare = Vocabularies(folders: [])
        let lines = try await self.count(
            #"{"model":"good","prompt":"aba"}"# + "\n" + #"{"model":"bad","prompt":"aba"}"# + "\n"
                + #"{"model":"other","prompt":"aba"}"#, shelf: bare, tokenizers: files)
        #expect(lines.lines == ["3", "null", "1"])
        #expect(
            lines.complaints.first?.contains("bad.json cannot be used: model.type is not supported: only byte-level")
                == true)
        await #expect(throws: PromptCountingError.self) {
            try await self.count("\"a\"", model: "bad", tokenizers: files)
        }
    }
}
