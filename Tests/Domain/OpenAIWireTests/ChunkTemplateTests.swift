import OpenAIWire
import Quantities
import Testing

@Suite("Chunks that differ in their text alone")
struct ChunkTemplateTests {
    private static func chunk(_ delta: String, finish: String = "null", more: String = "") -> String {
        #"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":\#(delta),"#
            + #""logprobs":null,"finish_reason":\#(finish)}]\#(more)}"#
    }

    private static func template(_ chunk: String) throws -> ChunkTemplate? {
        try Array(chunk.utf8).withUnsafeBytes {
            let facts = try StreamChunkFacts.scan($0)
            return ChunkTemplate(facts, of: $0, edit: facts.edit($0, keepsUsage: false, servedTier: nil))
        }
    }

    /// Pieces, when the template knows the chunk and writes what the scan and its edit would.
    private static func pieces(_ chunk: String, by template: ChunkTemplate) throws -> Int? {
        try Array(chunk.utf8).withUnsafeBytes { payload in
            var event: [UInt8] = []
            guard let pieces = template.append(payload, to: &event) else {
                #expect(event.isEmpty)
                return nil
            }
            let facts = try StreamChunkFacts.scan(payload)
            var expected: [UInt8] = []
            switch facts.edit(payload, keepsUsage: false, servedTier: nil) {
            case .dropped: Issue.record("a chunk with a text is not dropped")
            case .unchanged: SSEParser.append(payload, to: &expected)
            case .replaced(let bytes): SSEParser.append(bytes, to: &expected)
            }
            #expect(event == expected)
            #expect(facts.kind == .delta && facts.contentPieces == pieces && facts.usage == nil)
            return pieces
        }
    }

    @Test(
        "another text is one piece, an empty one none",
        arguments: ["content", "reasoning_content", "reasoning", "refusal"])
    func anotherText(_ key: String) throws {
        let template = try #require(try Self.template(Self.chunk(#"{"\#(key)":"Hel"}"#)))
        for text in ["", "x", "Ünïcødé", #"\"quoted\" \\ \n"#, #"\u00e9"#, String(repeating: "long ", count: 99)] {
            #expect(try Self.pieces(Self.chunk(#"{"\#(key)":"\#(text)"}"#), by: template) == (text.isEmpty ? 0 : 1))
        }
    }

    @Test(
        "a null usage that nobody asked for is left out wherever it stands",
        arguments: [
            #"{"usage":null,"choices":[{"delta":{"content":"*"}}],"id":"c"}"#,
            #"{"choices":[{"delta":{"content":"*"}}],"usage":null,"id":"c"}"#,
            #"{"choices":[{"delta":{"content":"*"}}],"usage" : null }"#,
        ])
    func nullUsage(_ chunk: String) throws {
        let template = try #require(try Self.template(chunk))
        #expect(try Self.pieces(chunk.replacing("*", with: "another text"), by: template) == 1)
        #expect(try Self.pieces(chunk.replacing("*", with: ""), by: template) == 0)
    }

    @Test(
        "a tier that is not the one that serves is another one wherever it stands",
        arguments: [
            #"{"service_tier":"default","choices":[{"delta":{"content":"*"}}],"id":"c"}"#,
            #"{"choices":[{"delta":{"content":"*"}}],"service_tier":null,"id":"c"}"#,
            #"{"usage":null,"choices":[{"delta":{"content":"*"}}],"service_tier" : "auto"}"#,
            #"{"service_tier":"auto","choices":[{"delta":{"content":"*"}}],"usage":null}"#,
        ], [false, true])
    func otherTier(_ chunk: String, keepsUsage: Bool) throws {
        let first = Array(chunk.replacing("*", with: "first").utf8)
        let template = try first.withUnsafeBytes {
            let facts = try StreamChunkFacts.scan($0)
            let edit = facts.edit($0, keepsUsage: keepsUsage, servedTier: "flex")
            return try #require(ChunkTemplate(facts, of: $0, edit: edit, servedTier: "flex"))
        }
        try Array(chunk.replacing("*", with: "another one").utf8).withUnsafeBytes { payload in
            var event: [UInt8] = []
            #expect(template.append(payload, to: &event) == 1)
            let edit = try StreamChunkFacts.scan(payload).edit(payload, keepsUsage: keepsUsage, servedTier: "flex")
            var expected: [UInt8] = []
            if case .replaced(let bytes) = edit { SSEParser.append(bytes, to: &expected) }
            #expect(event == expected && String(decoding: event, as: UTF8.self).contains(#""flex""#))
        }
    }

    @Test("a legacy chunk has its text in the choice")
    func legacy() throws {
        let first = #"{"id":"c","choices":[{"text":"a","index":0,"finish_reason":null}],"model":"m"}"#
        let template = try #require(try Self.template(first))
        let next = first.replacing(#""a""#, with: #""bc""#)
        #expect(try Self.pieces(next, by: template) == 1)
    }

    @Test(
        "chunks that say more are no template",
        arguments: [
            chunk(#"{"content":"a","reasoning":"b"}"#), chunk(#"{"role":"assistant"}"#), chunk("{}"),
            chunk(#"{"content":"a","tool_calls":[{"index":0}]}"#), chunk(#"{"content":"a"}"#, finish: #""stop""#),
            chunk(#"{"content":"a"}"#, more: #","usage":{"prompt_tokens":1}"#), #"{"choices":[]}"#, "[DONE]",
            "{\n\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
            #"{"error":{"message":"no"}}"#,
            #"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#,
        ])
    func noTemplate(_ chunk: String) throws { #expect(try Self.template(chunk) == nil) }

    @Test(
        "what differs elsewhere, or is not a string there, is scanned",
        arguments: [
            chunk(#"{"content":"a"}"#, finish: #""stop""#), chunk(#"{"content":null}"#),
            chunk(#"{"content":"a","x":1}"#),
            chunk(#"{"content":"a"}"#, more: #","usage":{}"#), "[DONE]", "", "{",
            chunk(#"{"content":"a","content":"b"}"#), chunk("{\"content\":\"a\u{1}\"}"), chunk(#"{"content":"\x"}"#),
            chunk(#"{"content":"a"}"#).replacing("c1", with: "c2"), chunk(#"{"refusal":"a"}"#),
        ])
    func scanned(_ chunk: String) throws {
        let template = try #require(try Self.template(Self.chunk(#"{"content":"Hel"}"#)))
        #expect(try Self.pieces(chunk, by: template) == nil)
    }

    @Test("whatever a template accepts, the scan accepts with the same facts")
    func agreesWithTheScan() throws {
        let first = Self.chunk(#"{"content":"Hel"}"#)
        let template = try #require(try Self.template(first))
        var generator = SeededGenerator(seed: 11)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Array(first.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = Array(#"abc"\{}:,[]0 "#.utf8).randomElement(using: &generator) ?? 0
                if Bool.random(using: &generator) { bytes.insert(byte, at: at) } else { bytes[at] = byte }
            }
            if try Self.pieces(String(decoding: bytes, as: UTF8.self), by: template) != nil { accepted += 1 }
        }
        #expect(accepted > 50)
    }
}
