import OpenAIWire
import Testing

@Suite struct BatchLineReadingTests {
    private func scan(_ text: String) throws -> BatchLineReading {
        try Array(text.utf8).withUnsafeBytes { try BatchLineReading.scan($0) }
    }

    @Test("a good line gives its parts, escaped spellings decoded")
    func good() throws {
        let text =
            #"{"custom_\u0069d":"r \u0031é","method":"POS\u0054","url":"\/v1\/chat\/completions","#
            + #""body":{"mod\u0065l":"m\/x","message\u0073":[{"content":"hi"}],"max_tokens":5,"#
            + #""max_completion_tokens":9,"stream":false}}"#
        let reading = try self.scan(text)
        Array(text.utf8).withUnsafeBytes { line in
            guard case .text(let id, let hash) = reading.customID, case .text(let url, _) = reading.url,
                case .text(let model, let modelHash) = reading.model, case .object(let body) = reading.body
            else {
                Issue.record("a part is missing: \(reading)")
                return
            }
            #expect(String(decoding: line[id.range], as: UTF8.self) == #""r \u0031é""#)
            #expect(id.text(in: line) == "r 1é" && hash == WireHash(Array("r 1é".utf8)))
            #expect(url.text(in: line) == "/v1/chat/completions")
            #expect(model.text(in: line) == "m/x" && modelHash == WireHash(Array("m/x".utf8)))
            #expect((try? JSONValue(parsing: Array(line[body.range])))?["max_tokens"]?.integer == 5)
        }
        #expect(reading.isPost == true && reading.hasMessages && !reading.hasInput && !reading.streams)
        #expect(reading.outputTokensMax == 9)
    }

    @Test("what is absent, null or of another type is told apart, without a judgement")
    func parts() throws {
        let empty = try self.scan("{}")
        #expect(empty.customID == .missing && empty.url == .missing && empty.model == .missing)
        #expect(empty.body == .missing && empty.isPost == nil && empty.outputTokensMax == nil)
        let null = try self.scan(#"{"custom_id":null,"method":null,"url":null,"body":null}"#)
        #expect(null == empty)
        let wrong = try self.scan(#"{"custom_id":5,"method":"GET","url":[],"body":[]}"#)
        #expect(wrong.customID == .wrongType && wrong.url == .wrongType && wrong.body == .wrongType)
        #expect(wrong.isPost == false)
        let body = try self.scan(
            #"{"body":{"model":5,"messages":"x","input":"x","stream":true,"max_tokens":1.5}}"#)
        #expect(body.model == .wrongType && !body.hasMessages && body.hasInput && body.streams)
        #expect(body.outputTokensMax == nil)
        #expect(try self.scan(#"{"body":{"\u0073tream":true,"\u0069nput":[1]}}"#).streams)
    }

    @Test("of a key that comes twice the last value counts, of a body with all that is in it")
    func twice() throws {
        let reading = try self.scan(
            #"{"body":{"model":"m","messages":[1],"stream":true},"custom_id":"a","custom_id":5,"body":{"input":[]}}"#)
        #expect(reading.customID == .wrongType && reading.model == .missing)
        #expect(!reading.hasMessages && !reading.streams && reading.hasInput)
    }

    @Test("a line that is no JSON object is an error", arguments: ["nope", "", "[]", "{} x", #"{"a":1,}"#])
    func noObject(_ text: String) {
        #expect(throws: JSONError.self) { try self.scan(text) }
    }

    @Test("hashes differ for different texts, also for near ones and zero bytes")
    func hashes() {
        var seen: Set<WireHash> = []
        var texts = 0
        for length in 0..<40 {
            for byte in [0, 1, 0x61] as [UInt8] {
                seen.insert(WireHash([UInt8](repeating: byte, count: length)))
                texts += length == 0 && byte > 0 ? 0 : 1
            }
        }
        for number in 0..<20_000 {
            seen.insert(WireHash(Array("request-\(number)".utf8)))
            texts += 1
        }
        #expect(seen.count == texts)
    }
}
