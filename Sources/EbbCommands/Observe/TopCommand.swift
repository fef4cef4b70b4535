import ArgumentParser
import Glibc
import OpenAIWire

/// `ebb top`.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows how a running gateway stands: lanes, engines, batches.",
        discussion: """
            On a terminal it is drawn again each second until Ctrl-C; elsewhere, and with --once, it is printed once. \
            Lanes and engines are those of the whole gateway, batches those of the key's project.

            ebb top
            ebb top --json
            """)

    @OptionGroup var server: ServerOptions

    @Flag(help: "Print it once.")
    var once = false

    @Flag(help: "Print it once, as a JSON object.")
    var json = false

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            if self.json { return try StandardOutput.json(try await Self.standing(client)) }
            guard !self.once, isatty(1) == 1, ProcessEnvironment.all["TERM"] != "dumb" else {
                let lines = TopView(try await Self.standing(client)).lines
                return try StandardOutput.lines(lines.map { Array($0.utf8) })
            }
            try await self.watch(client)
        }
    }

    private static func standing(_ client: ServerClient) async throws(ServerFailure) -> JSONValue {
        try await client.getOwn("/ebb/scheduler").json()
    }

    /// Draws until a signal ends the process. A gateway that is away for a moment is waited for.
    private func watch(_ client: ServerClient) async throws {
        // The first answer decides whether there is anything to show: a wrong key is told without a screen.
        var lines = TopView(try await Self.standing(client)).lines
        let screen = TerminalScreen()
        screen.open()
        defer { screen.close() }
        let clock = SystemClock()
        while true {
            screen.draw(lines)
            try await clock.sleep(for: .seconds(1))
            do throws(ServerFailure) {
                lines = TopView(try await Self.standing(client)).lines
            } catch {
                guard error.isPassing else { throw error }
                lines = ["\(error); trying again", ""] + lines.drop { $0.hasSuffix("trying again") || $0.isEmpty }
            }
        }
    }
}
