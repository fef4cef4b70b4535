import OpenAIWire
import Testing

@Suite struct PromptContentTests {
    private func content(_ fields: String, _ endpoint: Endpoint) throws -> PromptContent {
        let body = Array(#"{"model":"m",\#(fields)}"#.utf8)
        return PromptContent(try RequestFacts.scan(body, endpoint), in: body)
    }

    private func chat(_ parts: String) throws -> PromptContent {
        try self.content(#""messages":[{"role":"user","content":[\#(parts)]}]"#, .chatCompletions)
    }

    @Test(
        "texts and lists of tokens are a prompt each, tokens by themselves are one",
        arguments: [
            (#""prompt":"one""#, 1), (#""prompt":["one","two","three"]"#, 3), (#""prompt":[1,2,3]"#, 1),
            (#""prompt":[[1,2],[3]]"#, 2), (#""prompt":["one",[1,2]]"#, 2), (#""prompt":[]"#, 1),
            (#""prompt":null"#, 1), (#""seed":1"#, 1), (#""prompt":["earlier"],"prompt":["one","two"]"#, 2),
        ] as [(String, Int64)])
    func prompts(_ field: String, _ count: Int64) throws {
        #expect(try self.content(field, .completions).promptCount == count)
    }

    @Test("inputs are counted like prompts, objects among them may be images") func inputs() throws {
        #expect(try self.content(#""input":["a","b"]"#, .embeddings).promptCount == 2)
        #expect(try self.content(#""input":["a","b"]"#, .embeddings).images.isEmpty)
        #expect(try self.content(#""input":[{"image":"https://x/y.png"}]"#, .embeddings).images.count == 1)
    }

    @Test("plain messages hold nothing besides text") func plain() throws {
        let content = try self.content(
            #""messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"audio":null}]"#,
            .chatCompletions)
        #expect(content.images.isEmpty && !content.hasOpenPart && content.promptCount == 1)
        let parts = try self.chat(
            #"{"type":"text","text":"a"},{"type":"input_audio","input_audio":{"data":"QUJD","format":"mp3"}}"#)
        #expect(parts.images.isEmpty && !parts.hasOpenPart)
    }

    @Test(
        "images are found in every spelling, with URL and detail",
        arguments: [
            (#"{"type":"image_url","image_url":{"url":"https://x/y","detail":"low"}}"#, "https://x/y", "low"),
            (#"{"image_url":{"detail":"high","url":"https:\/\/x\/y"},"type":"image_url"}"#, "https://x/y", "high"),
            (#"{"type":"input_image","image_url":"https://x/y","detail":"low"}"#, "https://x/y", "low"),
            (#"{"type":"image_url","image_url":"https://x/y"}"#, "https://x/y", nil),
            (#"{"type":"im\u0061ge_url","image_url":{"url":"https://x/y"}}"#, "https://x/y", nil),
            (#"{"type":"text","text":"","image_url":{"url":"https://x/y"}}"#, "https://x/y", nil),
            (#"{"type":"input_image","file_id":"file-1"}"#, "", nil),
            (#"{"type":"image_url","image_url":{"url":5,"detail":null}}"#, "", nil),
        ] as [(String, String, String?)])
    func images(_ part: String, _ url: String, _ detail: String?) throws {
        let content = try self.chat(part)
        #expect(content.images.map(\.url) == [url] && content.images.map(\.detail) == [detail])
        #expect(!content.hasOpenPart && content.images.allSatisfy { !$0.isInline })
    }

    @Test("an image in the body is told from one elsewhere, with the bytes it takes") func inline() throws {
        let content = try self.chat(#"{"type":"image_url","image_url":{"url":"DATA:image\/png;base64,AAAA"}}"#)
        #expect(content.images.map(\.isInline) == [true])
        #expect(content.images.map(\.urlBytes) == [27])
    }

    @Test(
        "what nothing in the body bounds is open",
        arguments: [
            #"{"type":"file","file":{"file_id":"file-1"}}"#, #"{"type":"video_url","video_url":{"url":"https://x"}}"#,
            #"{"type":"audio_url","audio_url":{"url":"https://x"}}"#, #"{"text":"no type"}"#, #"{"type":7}"#,
        ])
    func open(_ part: String) throws {
        #expect(try self.chat(part).hasOpenPart)
    }

    @Test("an earlier spoken answer is open") func spoken() throws {
        let messages = #""messages":[{"role":"assistant","audio":{"id":"audio_1"}},{"role":"user","content":"hi"}]"#
        #expect(try self.content(messages, .chatCompletions).hasOpenPart)
    }
}
