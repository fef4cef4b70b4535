import EbbCommands
import OpenAIWire
import Testing

@Suite struct InputConverterTests {
    /// The lines of `text`, fed in chunks of `size` bytes, and the converter afterwards.
    private static func convert(
        _ text: String, size: Int = 1_000, _ change: (inout InputSettings) throws -> Void
    ) rethrows -> (lines: [String], converter: InputConverter) {
        var settings = InputSettings()
        try change(&settings)
        var converter = InputConverter(settings)
        var lines: [ConvertedLine] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let chunk = Array(bytes[start..<min(start + size, bytes.count)])
            lines += chunk.withUnsafeBytes { converter.feed($0) }
        }
        lines += converter.finish()
        return (lines.map { String(decoding: $0.bytes, as: UTF8.self) }, converter)
    }

    private static let whole =
        #"{"custom_id": "x", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": []}}"#

    @Test(arguments: [1, 7, 1_000]) func `a complete batch line stays as it is`(size: Int) {
        let (lines, converter) = Self.convert(Self.whole + "\n", size: size) { _ throws(Never) in }
        #expect(lines == [Self.whole])
        #expect(converter.flaws.isEmpty)
        #expect(converter.model == "m")
        #expect(converter.endpoint == .chatCompletions)
        #expect(converter.unlimitedCount == 1)
    }

    @Test func `a batch line gets what it lacks`() {
        let (lines, _) = Self.convert(#"{"body":{"messages":[]}}"#) {
            $0.model = "m"
            $0.maxTokens = 5
        }
        #expect(
            lines == [
                #"{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"messages":[],"model":"m","max_tokens":5}}"#
            ])
    }

    @Test func `a limit that a line has stays`() {
        let (lines, converter) = Self.convert(#"{"body":{"model":"m","messages":[],"max_completion_tokens":9}}"#) {
            $0.maxTokens = 5
        }
        #expect(lines.first?.contains("max_tokens\":5") == false)
        #expect(converter.unlimitedCount == 0)
    }

    @Test func `prompts become messages, and known parameters go along`() {
        let (lines, _) = Self.convert(#"{"id":7,"prompt":"Hi","temperature":0.5,"note":"n"}"#) {
            $0.model = "m"
            $0.system = "Be kind."
        }
        #expect(
            lines == [
                #"{"custom_id":"7","method":"POST","url":"/v1/chat/completions","body":{"temperature":0.5,"messages":"#
                    + #"[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"}],"model":"m"}}"#
            ])
    }

    @Test func `a template makes data of all fields`() throws {
        let (lines, _) = try Self.convert("id,text,n\na,\"x, y\",2\n") {
            $0.model = "m"
            $0.template = try PromptTemplate("Label {{ text }} ({{n}})")
        }
        #expect(
            lines == [
                #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":"#
                    + #"[{"role":"user","content":"Label x, y (2)"}],"model":"m"}}"#
            ])
    }

    @Test func `embeddings take their input from a field`() {
        let (lines, _) = Self.convert("text\nhello\n") {
            $0.model = "e"
            $0.endpoint = .embeddings
        }
        #expect(
            lines == [#"{"custom_id":"2","method":"POST","url":"/v1/embeddings","body":{"input":"hello","model":"e"}}"#]
        )
    }

    @Test(
        arguments: [
            (#"{"prompt":"a"}"# + "\n" + #"{"prompt":1}"#, 2, "prompt"),
            (#"{"prompt":"a"}"# + "\n\n" + #"{"text":"a"}"#, 3, "prompt"),
            (#"{"prompt":"a"}"# + "\nnothing", 2, nil),
            (#"{"prompt":"a"}"# + "\n[1]", 2, nil),
            (#"{"prompt":"a","id":"1"}"# + "\n" + #"{"prompt":"b","id":"1"}"#, 2, "id"),
            (#"{"prompt":"a","id":[]}"#, 1, "id"),
            (#"{"prompt":"a"}"# + "\n" + #"{"prompt":"b","model":"other"}"#, 2, "model"),
            (#"{"messages":[]}"#, 1, "messages"),
            (#"{"url":"/v1/chat/completions","body":{"messages":[],"stream":true}}"#, 1, "body.stream"),
            (#"{"url":"/v1/nothing","body":{"messages":[]}}"#, 1, "url"),
            (#"{"method":"GET","body":{"messages":[]}}"#, 1, "method"),
            (#"{"body":[]}"#, 1, "body"),
            ("prompt,prompt\na,b\n", 1, "prompt"),
            ("id,prompt\n1\n", 2, nil),
            ("", 1, nil),
            ("prompt\n", 1, nil),
        ] as [(String, Int, String?)])
    func `names line and field of what cannot be run`(text: String, line: Int, field: String?) throws {
        let (_, converter) = Self.convert(text) { $0.model = "m" }
        let flaw = try #require(converter.flaws.first)
        #expect(flaw.line == line)
        #expect(flaw.field == field)
    }

    @Test func `a missing model is named`() {
        let (_, converter) = Self.convert(#"{"prompt":"a"}"#) { _ throws(Never) in }
        #expect(converter.flaws == [InputFlaw(line: 1, field: "model", "it is missing; give one with --model")])
    }

    @Test(arguments: [
        (" [{\"prompt\":\"a\"}]", "line 1: " + InputConverter.arrayAdvice),
        ("", "line 1: the file is empty"), ("\n \n", "line 1: the file is empty"),
        ("prompt\n", "line 1: the file has no requests"),
        ("{\"prompt\":", "line 1: it is not valid JSON: unexpected end at byte 10"),
        (
            "\n{\"prompt\":\"a\",\"model\":\"m\"}\n{\"prompt\":\"b\",\"model\":\"n\"}\n",
            "line 3, field 'model': 'n' differs from 'm' of line 2; a job has one model"
        ),
        (
            "{\"prompt\":\"a\",\"id\":7}\n{\"prompt\":\"b\",\"id\":7}",
            "line 2, field 'id': '7' is also the id of line 1"
        ),
        (
            "{\"prompt\":\"a\",\"id\":2}\n{\"prompt\":\"b\"}",
            "line 2: it has no id, so its number is one, and line 1 has '2' as its id"
        ),
        (
            "text,label\na,b\nc,d\n",
            "line 1, field 'prompt': no column has this name; there are 'text', 'label'. Name the columns to use with "
                + "--template"
        ),
        (
            "{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"c\"}",
            "line 1, field 'prompt': it is missing; the row has 'text'. Name the fields with --template (and so for 2 "
                + "more lines)"
        ),
    ]) func `says what is wrong, once`(text: String, sentence: String) {
        let (_, converter) = Self.convert(text) { if !text.contains("model") { $0.model = "m" } }
        #expect(converter.flaws.sentences == [sentence])
    }

    @Test func `converted lines know their places in the file`() {
        let (lines, converter) = Self.convert("prompt\na\n\"b\nb\"\nc\n\nd\n") { $0.model = "m" }
        #expect(lines.count == 4 && (1...4).map { converter.places.line($0) } == [2, 3, 5, 7])
    }

    @Test func `more lines than allowed are refused`() {
        let (_, converter) = Self.convert("prompt\na\nb\nc\n") {
            $0.model = "m"
            $0.linesMax = 2
        }
        #expect(converter.flaws.first?.line == 4)
        #expect(converter.isStopped)
    }

    @Test(arguments: ["{{a", "plain", "{{ }}"]) func `a template that cannot be filled is refused`(text: String) {
        #expect(throws: PromptTemplateError.self) { try PromptTemplate(text) }
    }

    @Test func `a template fills every kind of value`() throws {
        let template = try PromptTemplate("{{a}}|{{b}}|{{c}}|{{d}}")
        #expect(template.fields == ["a", "b", "c", "d"])
        let row = InputRow(
            line: 1,
            fields: [
                .init("a", .string("{{b}}")), .init("b", .null), .init("c", .number("1.50")),
                .init("d", .array([.bool(true)])),
            ])
        #expect(try template.filled(row) == "{{b}}||1.50|[true]")
    }
}
