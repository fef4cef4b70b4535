import ArgumentParser
import EngineSimulator
import NIOPosix

/// `ebb simulate-engine`: an engine without a model.
struct SimulateEngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate-engine",
        abstract: "Runs an engine without a model, with slots, rates, a prefix cache and faults, for tests and demos.",
        discussion: """
            It speaks the OpenAI API and vLLM's metrics, and says in every answer that it is simulated. Prints its \
            base URL on standard output when it is ready. docs/guides/simulated-engine.md describes it.
            """)

    @Option(help: "HOST:PORT; port 0 lets the system choose.")
    var listen = "127.0.0.1:8000"
    @Option(help: "The model's name.")
    var model = "simulated"
    @Option(help: "Requests served at the same time.")
    var slots = 64
    @Option(help: "Prompt tokens per second; 0: at once.")
    var prefillRate = 0.0
    @Option(help: "Output tokens per second for each request; 0: at once.")
    var decodeRate = 0.0
    @Option(help: "Milliseconds before every answer.")
    var latency = 0.0
    @Option(help: "KIND=RATE with a rate of 0 to 1; kinds: 429, 500, 503, cut, hang, slow, garbage, reset. Repeatable.")
    var fault: [String] = []
    @Option(help: "Seed of faults and texts.")
    var seed: UInt64 = 0
    @Option(help: "Context length in tokens.")
    var context = 32_768
    @Option(help: "Longest answer in tokens where the request sets no limit.")
    var outputTokensMax = 128
    @Option(help: "Retry-After in seconds on 429 and 503.")
    var retryAfter: Int?
    @Option(help: "Environment variable with the API key to require.")
    var apiKeyEnv: String?
    @Flag(help: "Answer embeddings in base64 when asked to.")
    var embeddingsBase64 = false

    func run() async throws {
        try await Console.run {
            let engine: SimulatedEngine
            let (host, port) = try Self.address(self.listen)
            let options = try self.options()
            let group = MultiThreadedEventLoopGroup.singleton
            try await ListenCheck.run(host, port, group: group)
            do {
                engine = try await SimulatedEngine.start(options: options, host: host, port: port, group: group)
            } catch {
                throw CommandFailure("the simulated engine cannot start: \(error)")
            }
            let signals = StopSignals(first: { try? await engine.shutdown() })
            signals.start()
            Console.out("http://\(host):\(engine.port)/v1")
            try await engine.waitUntilClosed()
            signals.stop()
        }
    }

    private func options() throws -> SimulatorOptions {
        var options = SimulatorOptions()
        options.model = self.model
        options.slots = self.slots
        options.prefillRate = self.prefillRate > 0 ? self.prefillRate : nil
        options.decodeRate = self.decodeRate > 0 ? self.decodeRate : nil
        options.latency = .milliseconds(self.latency)
        options.seed = self.seed
        options.context = self.context
        options.outputTokensMax = self.outputTokensMax
        options.retryAfterSeconds = self.retryAfter
        options.embeddingsBase64 = self.embeddingsBase64
        for text in self.fault {
            do throws(SimulatorOptionsError) {
                let (kind, rate) = try SimulatorOptions.fault(parsing: text)
                options.faults[kind] = rate
            } catch { throw CommandFailure("\(error)") }
        }
        if let name = self.apiKeyEnv {
            guard let key = ProcessEnvironment.all[name] else {
                throw CommandFailure("environment variable \(name) is not set")
            }
            options.apiKey = key
        }
        return options
    }

    private static func address(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw CommandFailure("--listen '\(text)' is not HOST:PORT") }
        return (String(text[..<colon]), port)
    }
}
