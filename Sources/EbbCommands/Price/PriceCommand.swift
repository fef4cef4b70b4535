import ArgumentParser
import Pricing
import Quantities

/// `ebb price`: what a usage costs, meter by meter.
struct PriceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "price",
        abstract: "Price usages exactly, meter by meter.",
        discussion: """
            Takes usage objects as OpenAI's API writes them (chat, Responses, embeddings, images, transcriptions), or \
            whole answers with usage, model and service_tier in them, as arguments or on standard input, and prints \
            the charge of each. With --jsonl the arguments are files with one usage or answer a line; one line of \
            output for each: the amount in dollars, or with --json an object.

            Fields of the JSON win over options: model, service_tier or tier, at (RFC 3339) or created (seconds), and \
            meters (an object of meter names and counts). Prices are those of the moment at which the request ran.

            What has no price is never priced at zero: the reason is printed and the exit status is 3.

            Examples:
              ebb price --model gpt-4o '{"prompt_tokens":2006,"completion_tokens":300}'
              ebb price --model o3 --tier flex --at 2025-05-01 < usage.json
              ebb price --model whisper-1 --meter seconds=90
              ebb price --model dall-e-3 --meter image:1024x1792:hd=1
              ebb price --jsonl --json answers.jsonl

            Exit status: 0, 2 when an input cannot be used, 3 when something has no price.
            """)

    @Argument(help: "JSON texts, or with --jsonl files (- is standard input).")
    var inputs: [String] = []

    @Flag(help: "Read one JSON object a line from files or standard input.")
    var jsonl = false

    @Flag(help: "Print one JSON object a line.")
    var json = false

    @Option(help: "The model that answered.")
    var model: String?

    @Option(help: "The tier that served.")
    var tier: String = TierName.standard.text

    @Option(help: "When the request ran, for example 2026-11-21T09:00:00Z (default: now).")
    var at: MomentOption?

    @Option(
        name: .customLong("meter"),
        help: ArgumentHelp(
            "Something else that was used: seconds=90, characters=4096, image:1024x1024:hd=1, sessions=1.",
            valueName: "name=count"))
    var meters: [MeterCount] = []

    @Option(help: "An ebb.yaml whose prices apply.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: "A price book that lies over the shipped one; may be repeated.", completion: .file())
    var prices: [String] = []

    func run() async throws {
        try await Console.run {
            let source = try PriceSource(configuration: self.config, prices: self.prices)
            var extras: [Meter: Int64] = [:]
            for entry in self.meters { extras[entry.meter, default: 0] += entry.count }
            let defaults = UsagePricing.Defaults(
                model: self.model, tier: TierName(self.tier), at: self.at?.instant ?? SystemClock().now, extras: extras)
            let job = PriceJob(
                pricing: UsagePricing(source: source, defaults: defaults), printsObjects: self.json)
            let output = ByteOutput()
            let tally = try await self.run(job, output)
            try output.flush()
            if self.jsonl { Self.summarise(tally) }
            if tally.exitStatus != 0 { throw ExitCode(tally.exitStatus) }
        }
    }

    private func run(_ job: PriceJob, _ output: ByteOutput) async throws -> PriceJob.Tally {
        if self.jsonl {
            var tally = PriceJob.Tally()
            for file in self.inputs.isEmpty ? ["-"] : self.inputs {
                try tally.add(await job.run(lines: try ByteInput(path: file), output: output))
            }
            return tally
        }
        if self.inputs.isEmpty {
            if !self.meters.isEmpty { return try job.runExtras(output: output) }
            return try job.run(texts: [try ByteInput(path: "-").rest(limit: 64 << 20)], output: output)
        }
        return try job.run(texts: self.inputs.map { Array($0.utf8) }, output: output)
    }

    private static func summarise(_ tally: PriceJob.Tally) {
        var line = "ebb: \(tally.priced) priced, total \(tally.total)"
        if tally.unpriced > 0 { line += "; \(tally.unpriced) without a price are not in it" }
        if tally.flawed > 0 { line += "; \(tally.flawed) could not be used" }
        Console.error(line)
    }
}

/// A moment on the command line, as RFC 3339 writes it; a date alone is its first second in UTC.
struct MomentOption: ExpressibleByArgument {
    let instant: Instant

    init?(argument: String) {
        guard let instant = try? Instant(rfc3339: argument) else { return nil }
        self.instant = instant
    }
}
