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
            errors would say it (the first hundred). Whether its model is served is for the gateway to say, and \
            what it costs for 'ebb quote'.

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

    /// Bytes that are read and checked at a time: few enough to stay in a core's own cache meanwhile.
    private static let pieceBytes = 1 << 18

    func run() async throws {
        try await Console.run {
            let asked = try self.endpoint.map { name throws(CommandFailure) in
                guard let endpoint = BatchEndpoint(rawValue: name) else {
                    let names = BatchEndpoint.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure("--endpoint '\(name)' is none of \(names)")
                }
                return endpoint
            }
            let facts = try self.read()
            let endpoint = asked ?? BatchEndpoint.named(most: facts)
            let verdict = BatchCheck(endpoint: endpoint).verdict(on: facts) { _ in true }
            if self.json {
                try StandardOutput.json(Self.object(facts, endpoint, verdict))
            } else {
                try self.show(facts, endpoint, verdict)
            }
            if case .invalid = verdict { throw ExitCode(ExitStatus.failed) }
        }
    }

    private func read() throws -> FileFacts {
        let input = try ByteInput(path: self.file)
        var indexer = FileIndexer(limits: BatchLimits())
        var isArray: Bool?
        while true {
            let piece = try input.next(atMost: Self.pieceBytes)
            if piece.isEmpty { break }
            isArray = isArray ?? (piece.first == UInt8(ascii: "["))
            piece.withUnsafeBytes { indexer.feed($0) }
        }
        if isArray == true { Console.error("\(self.file): \(InputConverter.arrayAdvice)") }
        return indexer.finish().facts
    }

    private func show(_ facts: FileFacts, _ endpoint: BatchEndpoint, _ verdict: BatchCheck.Verdict) throws {
        switch verdict {
        case .valid(let lines, let model):
            try StandardOutput.line(
                "\(self.file): \(Figures.count(lines, "line")) for \(endpoint.rawValue)"
                    + "\(model.map { ", model \($0)" } ?? ""), \(Figures.count(facts.byteCount, "byte")): valid")
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
        _ facts: FileFacts, _ endpoint: BatchEndpoint, _ verdict: BatchCheck.Verdict
    ) -> JSONValue {
        var errors: [LineError] = []
        if case .invalid(let found) = verdict { errors = found }
        return .object([
            .init("valid", .bool(errors.isEmpty)), .init("endpoint", .string(endpoint.rawValue)),
            .init("lines", .integer(Int64(facts.lineCount))), .init("bytes", .integer(Int64(facts.byteCount))),
            .init("model", facts.model.map { .string($0) } ?? .null),
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
