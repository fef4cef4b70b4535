import Gateway
package import Tokenizing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `ebb count` does, apart from its arguments.
package struct CountJob {
    private let vocabularies: Vocabularies
    private let counter: LocalPromptCounter
    private let model: String?
    private let form: LineCounting.Form
    private let readsLines: Bool

    package init(
        vocabularies: Vocabularies, tokenizers: TokenizerFiles, encoding: EncodingName?, model: String?,
        form: LineCounting.Form, readsLines: Bool
    ) {
        self.vocabularies = vocabularies
        self.counter = LocalPromptCounter(encoders: vocabularies, tokenizers: tokenizers, encoding: encoding)
        self.model = model
        self.form = form
        self.readsLines = readsLines
    }

    /// Counts all files and returns how many lines could not be used.
    package func run(
        _ files: [String], output: ByteOutput, complain: @escaping (String) -> Void = { Console.error($0) }
    ) async throws -> Int {
        if self.form == .ids, try self.counter.textRule(for: self.model).encoder == nil {
            throw CommandFailure("--ids needs a vocabulary: \(self.vocabularies.note ?? "there is none")")
        }
        return self.readsLines
            ? try await self.countLines(files, output, complain) : try self.countTexts(files, output)
    }

    private func countLines(
        _ files: [String], _ output: ByteOutput, _ complain: @escaping (String) -> Void
    ) async throws -> Int {
        let counting = try LineCounting(counter: self.counter, model: self.model, form: self.form)
        var flawed = 0
        for file in files {
            let input = try ByteInput(path: file)
            var log = FlawLog(input: input.name, complain: complain)
            try await LinePipeline.run(
                LineBlocks(input), width: Processors.online, work: { counting.work($0) },
                deliver: { result, before in
                    try output.write(result.output)
                    log.add(result, after: before)
                })
            log.finish()
            flawed += log.count
        }
        return flawed
    }

    private func countTexts(_ files: [String], _ output: ByteOutput) throws -> Int {
        let counting = try TextCounting(counter: self.counter, model: self.model)
        var total = CountedPrompt(tokens: 0, source: counting.rule.source)
        for file in files {
            let input = try ByteInput(path: file)
            if self.form == .ids {
                var line: [UInt8] = []
                LineCounting.write(try counting.ids(input) ?? [], &line)
                try output.write(line)
                continue
            }
            let count = try counting.count(input)
            total.tokens += count.tokens
            total.reasons.formUnion(count.reasons)
            try output.write(self.line(count, label: files.count > 1 ? file : nil))
        }
        if files.count > 1, self.form != .ids { try output.write(self.line(total, label: "total")) }
        return 0
    }

    private func line(_ count: CountedPrompt, label: String?) -> String {
        let number =
            self.form == .object
            ? String(decoding: LineCounting.object(count), as: UTF8.self) : String(count.tokens)
        return number + (label.map { "\t\($0)" } ?? "") + "\n"
    }
}

/// The machine's processors.
enum Processors {
    static var online: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
