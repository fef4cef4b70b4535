/// Collects the facts of a batch input file, line by line, while the file is uploaded.
///
/// It knows neither the batch's endpoint nor which models are served; `BatchCheck` adds those. Each line is charged
/// with its first problem only, in the order: JSON, custom_id, method, url, body, duplicate, model, required field,
/// stream. Memory: 21 to 31 bytes a line for the custom ids, up to the limit of lines.
public struct LineValidator: Sendable {
    public let limits: BatchLimits
    private var facts = FileFacts()
    private var ids = IDTable()
    private var model: Hash128?
    /// Blank lines since the last other line: a problem only when another line follows.
    private var blankCount = 0

    public init(limits: BatchLimits = BatchLimits()) { self.limits = limits }

    /// Bytes held for custom ids.
    package var idBytes: Int { self.ids.bytes }

    /// Takes the next line. The closures give the texts of custom id and model; they are called only when a message or
    /// the facts need them.
    ///
    /// Returns the entry for the index, or nil when the file cannot become a valid batch any more.
    public mutating func add(_ line: LineFacts, customID: () -> String, model: () -> String) -> LineEntry? {
        if line.reading == .blank {
            self.blankCount += 1
            return nil
        }
        self.flushBlanks()
        self.facts.lineCount += 1
        if self.facts.lineCount == 1 { self.facts.firstLineIsJSON = line.reading != .notJSON }
        guard self.facts.lineCount <= self.limits.linesMax else { return nil }
        self.facts.checkedCount += 1
        switch line.reading {
        case .blank, .notJSON:
            self.report(.invalidJSON(line: self.facts.lineCount))
        case .tooLong:
            self.report(.tooLong(bytesMax: self.limits.lineBytesMax, line: self.facts.lineCount))
        case .request(let request):
            return self.check(request, at: line, customID: customID, model: model)
        }
        return nil
    }

    /// The facts after the last line of a file of `byteCount` bytes. Trailing blank lines are forgotten.
    public consuming func finish(byteCount: Int) -> FileFacts {
        self.facts.byteCount = byteCount
        return self.facts
    }

    private mutating func check(
        _ request: RequestFacts, at line: LineFacts, customID: () -> String, model: () -> String
    ) -> LineEntry? {
        let number = self.facts.lineCount
        switch request.url {
        case .endpoint(let endpoint): self.facts.endpoints[Int(endpoint.ordinal)].add(number)
        case .other: self.facts.endpoints[BatchEndpoint.allCases.count].add(number)
        case .missing, .wrongType: break
        }
        var isDuplicate = false
        if case .text(let id) = request.customID { isDuplicate = !self.ids.insert(id) }
        if let problem = Self.envelopeProblem(request, line: number) {
            self.report(problem)
            return nil
        }
        guard case .text(let id) = request.customID, case .object(let body) = request.body else { return nil }
        if isDuplicate {
            self.report(.duplicate(customID: customID(), line: number))
            return nil
        }
        guard self.checkModel(body, line: number, model: model) else { return nil }
        if case .endpoint(let endpoint) = request.url, let problem = Self.bodyProblem(body, endpoint, line: number) {
            self.report(problem, only: endpoint)
            return nil
        }
        self.facts.promptTokens += Int(body.promptTokens)
        self.facts.outputTokens += Int(body.outputTokens)
        if request.url == .endpoint(.embeddings) { self.facts.embeddingInputs += Int(body.inputCount) }
        guard self.facts.problemCount == 0 else { return nil }
        return LineEntry(
            offset: line.offset, length: line.length, promptTokens: body.promptTokens, customID: id,
            groupKey: body.groupKey, outputTokens: body.outputTokens)
    }

    private static func envelopeProblem(_ request: RequestFacts, line: Int) -> LineError? {
        switch request.customID {
        case .missing: return .missing("custom_id", line: line)
        case .wrongType: return .wrongType("custom_id", expected: "a string", line: line)
        case .text: break
        }
        switch request.method {
        case .missing: return .missing("method", line: line)
        case .wrongType: return .wrongType("method", expected: "a string", line: line)
        case .other: return .wrongMethod(line: line)
        case .post: break
        }
        switch request.url {
        case .missing: return .missing("url", line: line)
        case .wrongType: return .wrongType("url", expected: "a string", line: line)
        case .endpoint, .other: break
        }
        switch request.body {
        case .missing: return .missing("body", line: line)
        case .wrongType: return .wrongType("body", expected: "an object", line: line)
        case .object: return nil
        }
    }

    /// True when the line's model is the file's model, or there is none to compare.
    private mutating func checkModel(_ body: BodyFacts, line: Int, model: () -> String) -> Bool {
        switch body.model {
        case .missing:
            return true
        case .wrongType:
            self.report(.wrongType("body.model", expected: "a string", line: line))
            return false
        case .text(let hash):
            guard let first = self.model else {
                self.model = hash
                self.facts.model = LineError.quoted(model())
                self.facts.modelLine = line
                return true
            }
            if hash == first { return true }
            self.report(.mismatched(model: model(), line: line))
            return false
        }
    }

    /// The problem that a body has only because of its endpoint.
    private static func bodyProblem(_ body: BodyFacts, _ endpoint: BatchEndpoint, line: Int) -> LineError? {
        if endpoint.needsModel, body.model == .missing { return .required("model", line: line) }
        if let subject = endpoint.subject, !body.hasSubject { return .required(subject, line: line) }
        return body.streams ? .streaming(endpoint, line: line) : nil
    }

    private mutating func report(_ error: LineError, only endpoint: BatchEndpoint? = nil) {
        self.facts.problemCount += 1
        guard self.facts.problems.count < BatchLimits.errorsMax else { return }
        self.facts.problems.append(FileFacts.Problem(error: error, endpoint: endpoint))
    }

    /// Counts blank lines that turned out to stand before another line as lines that are not JSON.
    private mutating func flushBlanks() {
        while self.blankCount > 0 {
            self.blankCount -= 1
            self.facts.lineCount += 1
            if self.facts.lineCount > self.limits.linesMax {
                self.facts.lineCount += self.blankCount
                self.blankCount = 0
                return
            }
            self.facts.checkedCount += 1
            self.report(.invalidJSON(line: self.facts.lineCount))
        }
    }
}
