import ArgumentParser
import ConfigurationYAML
import Gateway
import HTTPAPI
import Logging
import NIOPosix
import Quantities

/// `ebb serve`: the gateway.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the gateway: the OpenAI API with tiers, batches and a ledger in front of your engines.",
        discussion: """
            When it is ready it prints one line on standard output: its base URL. The first start on an empty data \
            folder creates project 'default' and prints its API key once on standard error; EBB_BOOTSTRAP_KEY sets \
            that key instead. SIGTERM or Ctrl-C stops it gracefully, a second one at once.

            ebb serve --listen 127.0.0.1:8080 --data ./ebb-data --engine http://127.0.0.1:8000
            """)

    @OptionGroup var engines: EngineOptions

    @Option(help: "HOST:PORT to listen on; port 0 lets the system choose. Default 127.0.0.1:8080.")
    var listen: String?

    @Option(help: "Data folder. Default: EBB_DATA, else that of --config, else ./ebb-data.")
    var data: String?

    @Option(help: "Log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel: String?

    func run() async throws {
        try await Console.run {
            var configuration = try self.engines.load()
            if let listen = self.listen { configuration.listen = try Self.address(listen) }
            if let data = self.data { configuration.dataDirectory = data }
            if let text = self.logLevel {
                guard let level = LogConfiguration.Level(rawValue: text) else {
                    throw CommandFailure("--log-level '\(text)' is not a level")
                }
                configuration.log.level = level
            }
            try await GatewayProcess(configuration: configuration, options: self.engines).run()
        }
    }

    private static func address(_ text: String) throws -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw CommandFailure("--listen '\(text)' is not HOST:PORT") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return ListenAddress(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }
}
