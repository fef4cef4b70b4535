public import ArgumentParser
import ConfigurationYAML
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
            TopCommand.self, ExplainCommand.self,
            KeysCommand.self, ProjectsCommand.self, LedgerCommand.self, EnginesCommand.self,
            CountCommand.self, PriceCommand.self, QuoteCommand.self, SimulateCommand.self,
            ExperimentCommand.self,
        ])

    public init() {}

    /// Runs the command line of this process and ends it.
    public static func launch() async -> Never {
        var status: Int32 = 0
        // A limit on the size of files is an error of the write that meets it, not the end of the process.
        _ = signal(SIGXFSZ, SIG_IGN)
        if let advice = Self.misspelt(CommandLine.arguments.dropFirst()) {
            Console.error("Error: \(advice)")
            Self.end(ExitStatus.usage)
        }
        do {
            var command = try await Self.asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            status = Self.tell(error)
        }
        Self.end(status)
    }

    /// What to say of a word that stands where a command should, and is none; nil for all other command lines.
    package static func misspelt(_ words: some Sequence<String>) -> String? {
        var command: any ParsableCommand.Type = Self.self
        var path = "ebb"
        for word in words {
            let below = command.configuration.subcommands
            guard !below.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            if let next = below.first(where: { $0.configuration.commandName == word }) {
                command = next
                path += " \(word)"
                continue
            }
            let names = below.compactMap { $0.configuration.commandName }
            let hint = Suggestion.nearest(to: word, among: names).map { "did you mean '\(path) \($0)'?" }
            return "there is no command '\(path) \(TextTable.printable(word))'; "
                + (hint ?? "'\(path) --help' lists those that are")
        }
        return nil
    }

    /// Prints what an error has to say; help and the version come as errors, too.
    ///
    /// - Returns: the exit status. Wrong usage has the one that all commands have for it, not the parser's own.
    private static func tell(_ error: any Error) -> Int32 {
        let code = Self.exitCode(for: error)
        let text = Self.fullMessage(for: error)
        if !text.isEmpty {
            if code.isSuccess { Console.out(text) } else { Console.error(text) }
        }
        return code == .validationFailure ? ExitStatus.usage : code.rawValue
    }

    /// Ends the process at once. `exit` would take the libraries down while event loops and dispatch queues still run
    /// in them; what has to be done at the end, commands have done.
    private static func end(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }
}
