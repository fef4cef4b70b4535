import ArgumentParser
import Foundation
import Simulation

/// `ebb experiment`: the scheduler's experiments with their bars, each one command.
struct ExperimentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Run an experiment of the scheduler: isolation, capacity, deadlines, fairness, prefix order.",
        discussion: """
            e1 isolation, e2 capacity without tuning, e3 deadlines, e4 fairness, e5 prefix order; slo times that must \
            hold, frontier what any limit reaches where a bar of e1 or e2 is missed. Prints a table and what was \
            demanded of it, as Markdown. The folder holds azure-llm-2023-conversation.csv, \
            azure-llm-2023-code.csv and mooncake-synthetic.jsonl, published by Azure and Mooncake.

            Exit status: 0 all bars met, 3 one missed, 2 when a trace cannot be used.
            """)

    static let files = (
        conversation: "azure-llm-2023-conversation.csv", code: "azure-llm-2023-code.csv",
        synthetic: "mooncake-synthetic.jsonl"
    )

    private static let names = Experiment.allCases.map(\.rawValue).joined(separator: ", ")

    @Argument(help: "e1, e2, e3, e4, e5, slo or frontier.")
    var name: String

    @Option(help: "Folder of the traces.", completion: .directory)
    var traces: String

    @Flag(help: "Fewer seeds and shorter runs, for a first look.")
    var quick = false

    func run() async throws {
        try await Console.run {
            guard let experiment = Experiment.named(self.name) else {
                throw CommandFailure("there is no experiment '\(self.name)'; known: \(Self.names)")
            }
            let data = ExperimentData(
                conversation: try self.trace(Self.files.conversation), code: try self.trace(Self.files.code),
                synthetic: try self.trace(Self.files.synthetic), isQuick: self.quick,
                seconds: { ProcessInfo.processInfo.systemUptime })
            let report = Experiment.run(experiment, data: data)
            Console.out(report.text)
            if report.bars.contains(where: { !$0.passed }) { throw ExitCode(ExitStatus.linesFailed) }
        }
    }

    private func trace(_ name: String) throws -> Trace {
        try TraceFile.read("\(self.traces)/\(name)", format: nil, window: 0).trace
    }
}
