import ArgumentParser
import Gateway
import Tokenizing

/// `ebb count`: how many tokens a text or a file of requests has.
struct CountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count",
        abstract: "Count tokens of texts, messages and requests.",
        discussion: """
            Reads text from files or standard input and prints the number of its tokens, or with --jsonl one JSON \
            value a line: a string, a list of messages, a request body (chat, completion, embedding), or a line of a \
            batch file. One line of output for each line; a line that cannot be used gives null and a message.

            A model's tokens are those of the tokenizer.json that --tokenizer or --config names for it, else of its \
            published encoding, else four bytes are taken for one. Counts of texts are exact when tokenizer or \
            vocabulary is at hand. Counts of chats are exact for text-only chats of models whose framing is \
            published, else estimates; --json says which, why, and what counted.

            Examples:
              ebb count README.md
              echo -n 'hello world' | ebb count --encoding cl100k_base --ids
              ebb count --jsonl prompts.jsonl --model gpt-4o --json
              ebb count --jsonl < batch.jsonl | paste -sd+ | bc
              ebb count --jsonl prompts.jsonl --model llama --config ebb.yaml
              ebb count --tokenizer llama/tokenizer.json --ids README.md

            Exit status: 0, or 2 when an input cannot be read or a line cannot be used.
            """)

    @Argument(help: "Files to read; - is standard input.", completion: .file())
    var files: [String] = ["-"]

    @Flag(help: "Read one JSON value a line.")
    var jsonl = false

    @Flag(help: "Print the tokens themselves, as a JSON array.")
    var ids = false

    @Flag(help: "Print JSON objects with tokens, isEstimate and reasons.")
    var json = false

    @Option(help: "Count with this encoding: \(EncodingName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var encoding: EncodingOption?

    @Option(help: "Count for this model (default: the model that a request names, else o200k_base).")
    var model: String?

    @Option(help: "Count with this Hugging Face tokenizer.json.", completion: .file())
    var tokenizer: String?

    @Option(help: "Configuration file (ebb.yaml) that names the tokenizers of its models.", completion: .file())
    var config: String?

    @Option(help: "A folder with vocabulary files.", completion: .directory)
    var vocabularies: String?

    @Flag(help: "End with status 0 also when lines could not be used.")
    var keepGoing = false

    func validate() throws {
        if self.ids && self.json { throw ValidationError("--ids and --json exclude each other.") }
        if self.tokenizer != nil, self.encoding != nil || self.config != nil {
            throw ValidationError("--tokenizer excludes --encoding and --config.")
        }
        if self.files.count(where: { $0 == "-" }) > 1 { throw ValidationError("Standard input can be read only once.") }
    }

    func run() async throws {
        try await Console.run {
            let shelf = Vocabularies.standard(option: self.vocabularies)
            let form: LineCounting.Form = self.ids ? .ids : self.json ? .object : .number
            let tokenizers =
                try self.tokenizer.map { TokenizerFiles(path: $0) } ?? TokenizerFiles(configuration: self.config)
            let job = CountJob(
                vocabularies: shelf, tokenizers: tokenizers, encoding: self.encoding?.name, model: self.model,
                form: form, readsLines: self.jsonl)
            let output = ByteOutput()
            let flaws = try await job.run(self.files, output: output)
            try output.flush()
            if let note = shelf.note { Console.error("ebb: \(note)") }
            if flaws > 0, !self.keepGoing { throw ExitCode(ExitStatus.usage) }
        }
    }
}

/// An encoding's name on the command line.
struct EncodingOption: ExpressibleByArgument {
    let name: EncodingName

    init?(argument: String) {
        guard let name = EncodingName(rawValue: argument) else { return nil }
        self.name = name
    }

    static var allValueStrings: [String] { EncodingName.allCases.map(\.rawValue) }
}
