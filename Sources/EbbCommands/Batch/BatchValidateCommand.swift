import ArgumentParser
import Batching
import Gateway
import OpenAIWire
import Quantities

/// `ebb batch validate`.
struct BatchValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks a batch file as the gateway would, without a gateway.",
        discussion: """
            Reads the file once, in constant memory, and prints what is wrong with it, line by line, as a batch's \
            errors would say it (the first hundred). Whether its model is served is for the gateway to say. Prompts \
            are counted as 'ebb quote' counts them.

            ebb batch validate prompts.jsonl
            ebb batch validate prompts.jsonl --endpoint /v1/embeddings --json

            Exit status: 0, or 1 when a batch of the file would fail, 2 when it cannot be read.
            """)

    @Argument(help: "A JSONL file; - is standard input.", completion: .file())
    var file: String

    @Option(help: "Endpoint of all lines. Default: the one that most lines name.")
    var endpoint: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    /// Bytes that are read and checked at a time.
    private static let pieceBytes = 1 << 20

    func run() async throws {
        try await Console.run {
            let asked = try self.endpoint.map { name throws(CommandFailure) in
                guard let endpoint = BatchEndpoint(rawValue: name) else {
                    let names = BatchEndpoint.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure("--endpoint '\(name)' is none of \(names)")
                }
                return endpoint
            }
            let (facts, tokens) = try await self.read()
            let endpoint = asked ?? BatchEndpoint.named(most: facts)
            let verdict = BatchCheck(endpoint: endpoint).verdict(on: facts) { _ in true }
            if self.json {
                try StandardOutput.json(Self.object(facts, tokens, endpoint, verdict))
            } else {
                try self.show(facts, tokens, endpoint, verdict)
            }
            if case .invalid = verdict { throw ExitCode(ExitStatus.failed) }
        }
    }

    /// Prompt tokens of all lines, and whether they are an estimate.
    private struct Tokens {
        let count: Int64
        let isEstimate: Bool
    }

    private func read() async throws -> (FileFacts, Tokens) {
        let input = try ByteInput(path: self.file)
        var indexer = FileIndexer(limits: BatchLimits())
        let source = try PriceSource(configuration: nil, prices: [])
        var settings = source.quoteSettings(at: SystemClock().now)
        settings.width = Processors.online
        let counter = LocalPromptCounter(encoders: Vocabularies.standard(option: nil))
        var isArray: Bool?
        let quote = try await QuoteJob(book: source.book, counter: counter, settings: settings).run {
            let piece = try input.next(atMost: Self.pieceBytes)
            isArray = isArray ?? (piece.first == UInt8(ascii: "["))
            piece.withUnsafeBytes { indexer.feed($0) }
            return piece
        }
        let tokens = Tokens(
            count: quote.models.reduce(0) { $0 + $1.promptTokens },
            isEstimate: quote.invalidCount > 0 || quote.models.contains { !$0.reasons.isEmpty })
        if isArray == true { Console.error("\(self.file): \(InputConverter.arrayAdvice)") }
        return (indexer.finish().facts, tokens)
    }

    private func show(
        _ facts: FileFacts, _ tokens: Tokens, _ endpoint: BatchEndpoint, _ verdict: BatchCheck.Verdict
    ) throws {
        switch verdict {
        case .valid(let lines, let model):
            try StandardOutput.line(
                "\(self.file): \(Figures.count(lines, "line")) for \(endpoint.rawValue)"
                    + "\(model.map { ", model \($0)" } ?? ""), \(Figures.count(facts.byteCount, "byte")), "
                    + (tokens.isEstimate ? "about " : "")
                    + "\(Figures.count(Int(tokens.count), "prompt token")): valid")
        case .invalid(let errors):
            for error in errors {
                let place = error.line.map { "\(self.file):\($0)" } ?? self.file
                Console.error("\(place): \(error.message) (\(error.code.rawValue))")
            }
            let rest = facts.problemCount - errors.count
            if rest > 0 { Console.error("\(self.file): and \(rest) more") }
            let isOther = [.missingRequiredParameter, .invalidJSONLine].contains(errors.first?.code)
            if isOther, errors.first?.line == 1 {
                Console.error(
                    "A batch file has an object a line, with custom_id, method, url and body. 'ebb run' makes one of "
                        + "lines with a prompt, and of CSV.")
            }
            let lines = Figures.count(facts.lineCount, "line")
            try StandardOutput.line("\(self.file): \(lines) for \(endpoint.rawValue): not valid")
        }
    }

    private static func object(
        _ facts: FileFacts, _ tokens: Tokens, _ endpoint: BatchEndpoint, _ verdict: BatchCheck.Verdict
    ) -> JSONValue {
        var errors: [LineError] = []
        if case .invalid(let found) = verdict { errors = found }
        return .object([
            .init("valid", .bool(errors.isEmpty)), .init("endpoint", .string(endpoint.rawValue)),
            .init("lines", .integer(Int64(facts.lineCount))), .init("bytes", .integer(Int64(facts.byteCount))),
            .init("model", facts.model.map { .string($0) } ?? .null),
            .init("prompt_tokens", .integer(tokens.count)), .init("is_estimate", .bool(tokens.isEstimate)),
            .init(
                "errors",
                .array(
                    errors.map { error in
                        .object([
                            .init("code", .string(error.code.rawValue)), .init("message", .string(error.message)),
                            .init("param", error.param.map { .string($0) } ?? .null),
                            .init("line", error.line.map { .integer(Int64($0)) } ?? .null),
                        ])
                    })),
        ])
    }
}

extension BatchEndpoint {
    /// The endpoint that most lines of a file name.
    fileprivate static func named(most facts: FileFacts) -> BatchEndpoint {
        self.allCases.max { facts.lineCount(of: $0) < facts.lineCount(of: $1) } ?? .chatCompletions
    }
}
