public import ArgumentParser

/// `ebb`: one binary, one file a command.
public struct EbbCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "ebb",
        abstract: "Runs language-model work at the cheapest tier that still meets its deadline.",
        discussion: """
            Start with 'ebb run FILE --engine URL' for one job, or 'ebb serve --engine URL' for a gateway that speaks \
            the OpenAI API. Every command has --help.
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, SimulateEngineCommand.self,
            RunCommand.self,
            FilesCommand.self, BatchCommand.self,
            KeysCommand.self, ProjectsCommand.self, LedgerCommand.self, EnginesCommand.self,
            CountCommand.self, PriceCommand.self, QuoteCommand.self,
        ])

    public init() {}
}
