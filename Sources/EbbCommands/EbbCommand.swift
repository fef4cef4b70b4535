public import ArgumentParser
import Glibc

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
            CountCommand.self, PriceCommand.self, QuoteCommand.self, SimulateCommand.self,
        ])

    public init() {}

    /// Runs the command line of this process. Wrong usage ends with the status that all commands have for it, not with
    /// the parser's own.
    public static func launch() async {
        do {
            var command = try await Self.asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard Self.exitCode(for: error) == .validationFailure else { Self.exit(withError: error) }
            Console.error(Self.fullMessage(for: error))
            Glibc.exit(ExitStatus.usage)
        }
    }
}
