import ArgumentParser
import Simulation

/// The options of `ebb simulate`, as they are written.
struct SimulateOptions: ParsableArguments {
    /// Lines of one batch at most, in OpenAI's API.
    static let backlogDefault = 50_000

    @Argument(help: "The trace; - is standard input.", completion: .file())
    var trace: String

    @Option(help: "azure, mooncake or ebb (default: found by the first line).")
    var format: String?

    @Option(help: "A trace whose requests are lines of a batch, without their times.", completion: .file())
    var batch: String?

    @Option(
        help: ArgumentHelp(
            "Lines of a batch made of the trace's own requests, over and over (default: 50000 beside a trace of "
                + "standard requests, where policies are compared).",
            valueName: "lines"))
    var backlog: Int?

    @Option(help: "Times the recorded rate: 0.25 leaves requests out, 3 adds copies.")
    var rate = 1.0

    @Option(help: "Simulated time: 90s, 30m, 24h, 7d; a trace is repeated to fill it (default: the trace's own).")
    var duration: String?

    @Option(help: "Kind of engine: h100, l4, desk or wide.")
    var engine = "h100"

    @Option(help: "Requests that an engine runs at the same time, instead of the kind's own number.")
    var slots: Int?

    @Option(help: "How many engines: 2, several numbers 1,2,4, or a range 1..8.")
    var engines = "1"

    @Option(
        help: "ebb, flood, engine-priority or alone; several with commas or repeated (default: all; with --slo: ebb).")
    var policy: [String] = []

    @Option(
        help: ArgumentHelp(
            "How far ebb lets background work slow interactive work: protect, balanced, throughput, none, or times "
                + "that 99 of 100 requests must hold, slo:ttft=800ms,gap=60ms."))
    var profile: [String] = []

    @Option(
        help: ArgumentHelp(
            "A share of the standard requests could wait, in this tier: 40%:batch, 40%:flex, 40%:2h.",
            valueName: "share:tier"))
    var move: String?

    @Option(help: "Time within which batches are due, where their tier does not say.")
    var window = "24h"

    @Option(
        help: ArgumentHelp(
            "What interactive requests must hold, as ttft_p99=500ms,gap_p99=50ms,e2e_p50=10s.", valueName: "limits"))
    var slo: [String] = []

    @Option(help: ArgumentHelp("Price requests as this model in every tier.", valueName: "model"))
    var prices: String?

    @Option(help: "An ebb.yaml whose prices apply.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: "The moment at which the simulation begins, for prices (default: the day of the price book).")
    var at: MomentOption?

    @Option(help: ArgumentHelp("What an engine costs in an hour, in dollars.", valueName: "dollars"))
    var engineCost: String?

    @Option(help: "Decides which requests are left out, copied or moved.")
    var seed: UInt64 = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Write a page with plots to this file.", completion: .file(extensions: ["html"]))
    var html: String?
}
