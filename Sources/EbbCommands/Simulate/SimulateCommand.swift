import ArgumentParser
import Quantities
import Scheduling
import Simulation

/// `ebb simulate`: the scheduler and engines that are only computed, on a recorded trace.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Replay a trace on simulated engines: latency, utilisation, deadlines, cost, under several policies.",
        discussion: """
            Drives the gateway's own scheduler under a virtual clock: an hour of traffic takes about a second. The \
            trace is Azure's CSV (TIMESTAMP,ContextTokens,GeneratedTokens), Mooncake's JSONL (timestamp, input_length, \
            output_length, hash_ids) or Ebb's own ledger (ebb ledger list --json); the first line tells which.

            Policies: alone (interactive requests only), flood (everything at once to the engines, no gateway), \
            engine-priority (the same, and the engine sorts its queue), ebb (this gateway's scheduler, with \
            --profile). A trace of standard requests alone gets a batch of \(SimulateOptions.backlogDefault) lines \
            beside it, so that there is something to compare; --backlog 0 leaves it out.

            Questions and how to ask them:
              what does a batch job do to my traffic?   ebb simulate trace.csv --rate 0.25
              how many engines for this objective?      ebb simulate trace.csv --engines 1..8 --slo ttft_p99=500ms
              what if 40 % could wait?                  ebb simulate trace.csv --move 40%:2h --engine-cost 2.50
              what would last week have earned?         ebb ledger list --since 7d --json > week.jsonl
                                                        ebb simulate week.jsonl --prices llama --config ebb.yaml

            The same command prints the same bytes again. docs/guides/simulate.md tells what the figures mean.

            Exit status: 0, 2 when an option or a line of a trace cannot be used.
            """)

    @OptionGroup var options: SimulateOptions

    func run() async throws {
        try await Console.run {
            let page = try self.options.readPage()
            let question = try SimulationQuestion(self.options)
            let result = await question.answer()
            if let page {
                let file = try OutputFile(page)
                try file.write(Array(StudyPage.html(result).utf8))
                try file.finish()
            }
            if self.options.json { return try StandardOutput.json(StudyJSON.object(result)) }
            try StudyText.print(result)
        }
    }
}
