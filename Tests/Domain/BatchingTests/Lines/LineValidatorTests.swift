import Batching
import Quantities
import Testing

/// One line of a pretended file.
private struct Line {
    var reading: LineFacts.Reading
    var id = ""
    var model = ""

    static func chat(
        _ id: String, model: String? = "m", url: RequestFacts.URL = .endpoint(.chatCompletions),
        method: RequestFacts.Method = .post, hasSubject: Bool = true, streams: Bool = false, inputs: UInt32 = 1
    ) -> Line {
        let body = BodyFacts(
            model: model.map { .text(Hash128(of: $0)) } ?? .missing, hasSubject: hasSubject, streams: streams,
            inputCount: inputs, promptTokens: 7, outputTokens: 3)
        let request = RequestFacts(customID: .text(Hash128(of: id)), method: method, url: url, body: .object(body))
        return Line(reading: .request(request), id: id, model: model ?? "")
    }

    /// A good line with one field changed.
    static func broken(_ edit: (inout RequestFacts) -> Void) -> Line {
        var request = RequestFacts(
            customID: .text(Hash128(of: "only")), url: .endpoint(.chatCompletions),
            body: .object(BodyFacts(model: .text(Hash128(of: "m")))))
        edit(&request)
        return Line(reading: .request(request), id: "only", model: "m")
    }

    static let blank = Line(reading: .blank)
    static let notJSON = Line(reading: .notJSON)
}

private func collect(_ lines: [Line], limits: BatchLimits = BatchLimits()) -> (facts: FileFacts, entries: [LineEntry]) {
    var validator = LineValidator(limits: limits)
    var entries: [LineEntry] = []
    for (index, line) in lines.enumerated() {
        let facts = LineFacts(offset: UInt64(index) * 100, length: 99, reading: line.reading)
        if let entry = validator.add(facts, customID: { line.id }, model: { line.model }) { entries.append(entry) }
    }
    return (validator.finish(byteCount: lines.count * 100), entries)
}

private func errors(
    _ lines: [Line], _ endpoint: BatchEndpoint = .chatCompletions, limits: BatchLimits = BatchLimits(),
    isServed: (String) -> Bool = { _ in true }
) throws -> [LineError] {
    // Through the stored form, as at batch creation.
    let facts = try FileFacts(encoded: collect(lines, limits: limits).facts.encoded())
    switch BatchCheck(endpoint: endpoint, limits: limits).verdict(on: facts, isServed: isServed) {
    case .valid: return []
    case .invalid(let errors): return errors
    }
}

@Suite("Validation of a batch input file") struct LineValidatorTests {
    @Test("a good file is valid, with entries for every line and sums of tokens") func good() {
        let (facts, entries) = collect([.chat("a"), .chat("b"), .blank, .blank])
        let verdict = BatchCheck(endpoint: .chatCompletions).verdict(on: facts) { $0 == "m" }
        #expect(verdict == .valid(lineCount: 2, model: "m"))
        #expect(entries.map(\.offset) == [0, 100] && entries.allSatisfy { $0.length == 99 && $0.promptTokens == 7 })
        #expect(entries[1].customID == Hash128(of: "b"))
        #expect(facts.promptTokens == 14 && facts.outputTokens == 6 && facts.byteCount == 400)
        #expect(facts.firstLineIsJSON)
    }

    @Test("bad JSON, a duplicate, a second model and another url are reported with their lines") func conformance19()
        throws
    {
        let found = try errors([
            .chat("1"), .chat("2"), .notJSON, .chat("4"), .chat("1"), .chat("6", model: "other"),
            .chat("7", url: .endpoint(.embeddings)),
        ])
        #expect(
            found.map(\.code.rawValue) == [
                "invalid_json_line", "duplicate_custom_id", "mismatched_model", "invalid_url",
            ])
        #expect(found.map(\.line) == [3, 5, 6, 7])
        #expect(found.map(\.param) == [nil, "custom_id", "body.model", "url"])
        #expect(found[0].message == "This line is not parseable as valid JSON.")
        #expect(
            found[1].message
                == "The custom_id '1' for this request is a duplicate of another request. The custom_id parameter must "
                + "be unique for each request in a batch.")
        #expect(
            found[2].message
                == "The model 'other' for this request does not match the rest of the batch. Each batch must contain "
                + "requests for a single model.")
        #expect(found[3].message == "The URL provided for this request does not match the batch endpoint.")
    }

    @Test("each broken field has its code, param and message")
    func brokenFields() throws {
        let table: [(Line, String, String?, String)] = [
            (
                .broken { $0.customID = .missing }, "missing_required_parameter", "custom_id",
                "Missing required parameter: 'custom_id'."
            ),
            (
                .broken { $0.customID = .wrongType }, "invalid_type", "custom_id",
                "Invalid type for 'custom_id': expected a string."
            ),
            (
                .broken { $0.method = .missing }, "missing_required_parameter", "method",
                "Missing required parameter: 'method'."
            ),
            (
                .broken { $0.method = .wrongType }, "invalid_type", "method",
                "Invalid type for 'method': expected a string."
            ),
            (
                .broken { $0.method = .other }, "invalid_method", "method",
                "The method of each request in a batch must be 'POST'."
            ),
            (.broken { $0.url = .missing }, "missing_required_parameter", "url", "Missing required parameter: 'url'."),
            (.broken { $0.url = .wrongType }, "invalid_type", "url", "Invalid type for 'url': expected a string."),
            (
                .broken { $0.url = .other }, "invalid_url", "url",
                "The URL provided for this request does not match the batch endpoint."
            ),
            (
                .broken { $0.body = .missing }, "missing_required_parameter", "body",
                "Missing required parameter: 'body'."
            ),
            (.broken { $0.body = .wrongType }, "invalid_type", "body", "Invalid type for 'body': expected an object."),
            (
                .broken { $0.body = .object(BodyFacts(model: .missing)) }, "invalid_request", "body.model",
                "Model parameter is required."
            ),
            (
                .broken { $0.body = .object(BodyFacts(model: .wrongType)) }, "invalid_type", "body.model",
                "Invalid type for 'body.model': expected a string."
            ),
            (.chat("a", hasSubject: false), "invalid_request", "body.messages", "Messages parameter is required."),
            (
                .chat("a", streams: true), "streaming_unsupported", "body.stream",
                "Chat Completions: Streaming is not supported in the Batch API."
            ),
            (.notJSON, "invalid_json_line", nil, "This line is not parseable as valid JSON."),
            (
                Line(reading: .tooLong), "request_limit_exceeded", nil,
                "This line is too long. The maximum length of a line is 16,777,216 bytes."
            ),
        ]
        for (line, code, param, message) in table {
            let found = try errors([line])
            #expect(found.map(\.code.rawValue) == [code], "\(message)")
            #expect(found.map(\.param) == [param])
            #expect(found.map(\.message) == [message])
            #expect(found.map(\.line) == [1])
            #expect(collect([line]).entries.isEmpty == (code != "invalid_url"))
        }
    }

    @Test("a file without requests is an empty file", arguments: [0, 3]) func empty(_ blanks: Int) throws {
        let found = try errors(Array(repeating: .blank, count: blanks))
        #expect(found.map(\.code) == [.emptyFile] && found[0].line == nil && found[0].param == "input_file_id")
    }

    @Test("blank lines between others are invalid, trailing ones are not") func blanks() throws {
        let found = try errors([.chat("a"), .blank, .blank, .chat("b"), .blank])
        #expect(found.map(\.line) == [2, 3] && found.allSatisfy { $0.code == .invalidJSONLine })
    }

    @Test("an unserved model is reported once, at the first line that names it") func unserved() throws {
        let found = try errors([.chat("a"), .chat("b")]) { _ in false }
        #expect(found.map(\.code) == [.modelNotFound] && found[0].line == 1 && found[0].param == "body.model")
        #expect(found[0].message == "The provided model 'm' is not supported by the Batch API.")
    }

    @Test("more lines than the limit fail, and memory stops growing there") func tooManyLines() throws {
        let limits = BatchLimits(linesMax: 100)
        let lines = (0..<5_000).map { Line.chat("id-\($0)") }
        let found = try errors(lines, limits: limits)
        #expect(found.map(\.code) == [.requestLimitExceeded] && found[0].line == nil)
        #expect(found[0].message == "The input file has 5,000 requests. A batch may have at most 100.")
        let (facts, entries) = collect(lines, limits: limits)
        #expect(entries.count == 100 && facts.checkedCount == 100 && facts.lineCount == 5_000)
        #expect(try errors(Array(lines.prefix(100)), limits: limits).isEmpty)
        // A limit that was raised after the upload does not let unchecked lines through.
        guard case .invalid = BatchCheck(endpoint: .chatCompletions).verdict(on: facts, isServed: { _ in true }) else {
            Issue.record("unchecked lines passed")
            return
        }
    }

    @Test("blank lines before the end count towards the limit without being stored") func manyBlanks() throws {
        let limits = BatchLimits(linesMax: 50)
        let found = try errors(Array(repeating: .blank, count: 5_000) + [.chat("a")], limits: limits)
        #expect(found.count == 51 && found[0].code == .requestLimitExceeded)
        #expect(found[0].message.hasPrefix("The input file has 5,001 requests."))
    }

    @Test("the index of a bad file stops growing at its first problem") func entriesStop() {
        #expect(collect([.chat("a"), .notJSON, .chat("b"), .chat("c")]).entries.map(\.offset) == [0])
    }

    @Test("a file that is too large fails by its size") func tooLarge() throws {
        let found = try errors([.chat("a"), .chat("b")], limits: BatchLimits(fileBytesMax: 150))
        #expect(found.map(\.code) == [.fileTooLarge])
    }

    @Test("embedding inputs are counted over all lines, for that endpoint only") func embeddingInputs() throws {
        let lines = (0..<3).map { Line.chat("\($0)", url: .endpoint(.embeddings), inputs: 20_000) }
        #expect(try errors(lines, .embeddings).map(\.code) == [.requestLimitExceeded])
        #expect(try errors(Array(lines.prefix(2)), .embeddings).isEmpty)
    }

    @Test("at most a hundred errors are given, the first ones in order of line") func cap() throws {
        let lines = (0..<400).map { $0.isMultiple(of: 2) ? Line.notJSON : Line.chat("\($0)", url: .other) }
        let found = try errors(lines)
        #expect(found.map(\.line) == (1...100).map { $0 })
        #expect(collect(lines).facts.problemCount == 200)
    }

    @Test("a problem of another endpoint is not reported, only the url") func otherEndpoint() throws {
        let lines = [Line.chat("a", hasSubject: false), .chat("b", streams: true)]
        #expect(try errors(lines, .responses).map(\.code) == [.invalidURL, .invalidURL])
        #expect(try errors(lines, .chatCompletions).map(\.code) == [.invalidRequest, .streamingUnsupported])
    }

    @Test("the same facts serve every endpoint", arguments: BatchEndpoint.allCases)
    func everyEndpoint(_ endpoint: BatchEndpoint) throws {
        let lines = [Line.chat("a", url: .endpoint(endpoint)), .chat("b", url: .endpoint(endpoint))]
        for other in BatchEndpoint.allCases {
            #expect(try errors(lines, other).isEmpty == (other == endpoint))
        }
    }

    @Test("moderations need no model") func noModel() {
        let (facts, _) = collect([.chat("a", model: nil, url: .endpoint(.moderations))])
        #expect(
            BatchCheck(endpoint: .moderations).verdict(on: facts) { _ in false } == .valid(lineCount: 1, model: nil))
    }

    @Test("quoted texts are cut at 256 bytes between characters") func quotes() throws {
        let long = String(repeating: "é", count: 400)
        let found = try errors([.chat(long), .chat(long)])
        #expect(found[0].message.utf8.count < 256 + 200)
        #expect(found[0].message.contains(String(repeating: "é", count: 128) + "…'"))
    }

    @Test("custom ids take at most 32 bytes a line at the limit") func idMemory() {
        var validator = LineValidator()
        var kept = 0
        for index in 0..<50_000 {
            let line = Line.chat("request-\(index)")
            let facts = LineFacts(offset: 0, length: 1, reading: line.reading)
            if validator.add(facts, customID: { line.id }, model: { line.model }) != nil { kept += 1 }
        }
        #expect(kept == 50_000)
        #expect(validator.idBytes <= 32 * 50_000)
        let facts = validator.finish(byteCount: 1)
        #expect(facts.problemCount == 0)
    }

    @Test("errors about the whole batch read as OpenAI's do") func batchErrors() {
        let missing = LineError.fileNotFound("file-1", organization: "org-1")
        #expect(missing.message == "Cannot find file file-1, or organization org-1 does not have access to it.")
        #expect(missing.code == .invalidRequest && missing.param == "file_id" && missing.line == nil)
    }
}

@Suite("Stored facts of a file") struct FileFactsTests {
    private static let facts = collect([
        .chat("a"), .notJSON, .chat("a"), .chat("b", hasSubject: false), .chat("c", url: .other), .blank, .chat("d"),
    ]).facts

    @Test("facts come back as they were stored") func roundTrip() throws {
        #expect(try FileFacts(encoded: Self.facts.encoded()) == Self.facts)
        #expect(try FileFacts(encoded: collect([]).facts.encoded()) == collect([]).facts)
    }

    @Test("a file full of problems has facts under 100 KB") func bounded() {
        let long = String(repeating: "x", count: 10_000)
        let lines = (0..<3_000).map { Line.chat(long, url: .endpoint(BatchEndpoint.allCases[$0 % 7])) }
        #expect(collect(lines).facts.encoded().count < 100_000)
    }

    @Test("every cut and every other version is a typed error") func damaged() {
        let bytes = Self.facts.encoded()
        for count in 0..<bytes.count {
            #expect(throws: LineIndexError.self) { try FileFacts(encoded: Array(bytes.prefix(count))) }
        }
        #expect(throws: LineIndexError.malformed("bytes after the facts")) { try FileFacts(encoded: bytes + [0]) }
        #expect(throws: LineIndexError.unsupportedVersion(2)) { try FileFacts(encoded: [2, 0] + bytes.dropFirst(2)) }
    }

    @Test("random damage never crashes") func randomDamage() {
        var random = SeededGenerator(seed: 4)
        let bytes = Self.facts.encoded()
        for _ in 0..<3_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? FileFacts(encoded: damaged)
        }
    }
}
