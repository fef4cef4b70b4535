import ArgumentParser

/// `ebb engines`.
struct EnginesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engines", abstract: "Looks at engines.",
        discussion: "ebb engines check --engine http://127.0.0.1:8000", subcommands: [EnginesCheckCommand.self])
}
