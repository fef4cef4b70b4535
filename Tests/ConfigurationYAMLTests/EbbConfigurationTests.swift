import ConfigurationYAML
import Pricing
import Quantities
import Scheduling
import Testing

@Suite struct EbbConfigurationTests {
    func parse(_ text: String, environment: [String: String] = [:]) throws -> EbbConfiguration {
        try EbbConfiguration.parse(text, file: "/etc/ebb/ebb.yaml", environment: environment)
    }

    @Test("an empty file gives the defaults", arguments: ["", "# only a comment\n", "~"])
    func defaults(_ text: String) throws {
        let configuration = try parse(text)
        #expect(configuration.listen.description == "127.0.0.1:8080")
        #expect(configuration.dataDirectory == "/etc/ebb/ebb-data")
        #expect(configuration.limits.batchFileBytes == 209_715_200)
        #expect(configuration.batch.windows.map(\.tier) == ["2h", "8h", .batch])
        #expect(configuration.batch.windows.map(\.window.text) == ["2h", "8h", "24h"])
        #expect(configuration.retention.batchFiles == .seconds(2_592_000))
        #expect(configuration.prices.useShipped)
    }

    @Test("the environment wins over the file")
    func environment() throws {
        let variables = ["EBB_LISTEN": "[::1]:9000", "EBB_DATA": "here", "EBB_LOG_LEVEL": "debug", "PATH": "/bin"]
        let configuration = try parse("{listen: ':1', data: there, log: {level: error}}", environment: variables)
        #expect(configuration.listen == ListenAddress(host: "::1", port: 9_000))
        #expect(configuration.dataDirectory == "here")
        #expect(configuration.log.level == .debug)
        let error = refusal { () throws(ConfigurationError) in
            try EbbConfiguration.parse("", file: "e", environment: ["EBB_LOG_LEVEL": "loud"])
        }
        #expect(
            error?.description == "environment variable EBB_LOG_LEVEL: unknown value 'loud'; known: "
                + "critical, debug, error, info, notice, trace, warning")
    }

    /// The example of the guide.
    static let example = Result {
        let guide = try RepositoryFile.text("docs/guides/configuration.md")
        let start = try #require(guide.firstRange(of: "```yaml\n")).upperBound
        let end = try #require(guide[start...].firstRange(of: "\n```\n")).lowerBound
        return String(guide[start...end])
    }

    @Test("the example of the guide is valid and says what the guide says")
    func guide() throws {
        let configuration = try parse(try Self.example.get())
        #expect(configuration.dataDirectory == "/etc/ebb/./ebb-data")
        #expect(configuration.batch.windows.map(\.window.text) == ["8h", "12h", "24h"])
        #expect(configuration.batch.windows.map(\.tier) == ["8h", "night", .batch])
        #expect(configuration.engines.map(\.name.text) == ["gpu-1", "openai", "partner"])
        let gpu = configuration.engines[0]
        #expect(gpu.backgroundHours?.rules.count == 2)
        #expect(configuration.tiers.rules.map(\.project) == ["research"])
        #expect(gpu.url == "http://10.0.0.5:8000/v1")
        #expect(gpu.timeouts.firstToken == .seconds(600))
        #expect(gpu.models == [.init(name: "llama", engineModel: "meta-llama/Llama-3.3-70B-Instruct")])
        let openAI = configuration.engines[1]
        #expect(openAI.apiKey == .environment("OPENAI_API_KEY"))
        #expect(openAI.headers.map(\.name) == ["OpenAI-Organization", "X-Gateway-Token"])
        #expect(openAI.headers[1].value == .secret(.file("/run/secrets/gateway-token")))
        #expect(configuration.engines[2].apiKey == .file("/etc/ebb/secrets/partner-key"))
        #expect(configuration.engines[2].tls.caFile == "/etc/ebb/partner-ca.pem")
        #expect(configuration.engines[2].models == nil)
        #expect(configuration.models.map(\.name) == ["chat", "gpt-6.1-sol"])
        #expect(configuration.models[0].targets.map(\.weight) == [3, 1])
        #expect(configuration.models[0].priceAs == "llama")
        #expect(configuration.models[1].targets.map(\.engineModel) == ["gpt-6.1-sol"])

        let shipped = try RepositoryFile.text("Sources/EbbCommands/Resources/prices.yaml")
        let book = try configuration.prices.book(shipped: shipped)
        let at = try Instant(rfc3339: "2026-11-21")
        let usage = TokenUsage(input: 1_000_000, output: 1_000_000)
        #expect(try book.amounts(usage, model: "llama", tier: "8h", at: at).amount.decimalDollars == "0.828")
        #expect(try book.amounts(usage, model: "o3", tier: .flex, at: at).amount.decimalDollars == "5")
    }

    static let mistakes: [(String, String)] = [
        ("lisen: ':1'", "1:1: lisen: unknown key 'lisen'; did you mean 'listen'?"),
        (
            "colour: red",
            """
            1:1: colour: unknown key 'colour'; known: batch, data, engines, limits, listen, log, models, \
            prices, projects, retention, shutdown_grace, tiers, tracing
            """
        ),
        ("listen: 8080", "1:9: listen: '8080' is not host:port, such as 127.0.0.1:8080 or [::1]:8080"),
        ("listen: '::1:8080'", "1:9: listen: an IPv6 address needs brackets: [::1]:8080"),
        (
            "limits:\n  body_bytes: 33MB",
            "2:15: limits.body_bytes: must lie between 1024 and 33554432 bytes, not 34603008"
        ),
        ("limits: {batch_lines: 50001}", "1:23: limits.batch_lines: must lie between 1 and 50000, not 50001"),
        (
            "limits: {file_bytes: lots}",
            "1:22: limits.file_bytes: 'lots' is not a size such as 65536, 64KB, 32MB or 1GB"
        ),
        ("shutdown_grace: 10", "1:17: shutdown_grace: '10' is not a duration such as 500ms, 10s, 5m, 24h or 30d"),
        (
            "batch: {windows: [24h, 1s]}",
            "1:24: batch.windows[1]: '1s' is not a completion window such as 24h, 2h or 90m (1 minute to 30 days)"
        ),
        (
            "batch: {windows: {24h: bacth}}",
            "1:24: batch.windows.24h: unknown tier 'bacth'; did you mean 'batch'?"
        ),
        ("batch: {windows: {24h: batch, 1d: slow}}", "1:31: batch.windows.1d: the window '1d' is given twice"),
        ("engines: [{url: 'http://x'}]", "1:11: engines[0]: 'name' is missing"),
        ("engines: [{name: a}]", "1:11: engines[0]: 'url' is missing"),
        ("engines: [{name: a, url: 'ftp://x'}]", "1:26: engines[0].url: 'ftp://x' must start with http:// or https://"),
        (
            "engines: [{name: a, url: 'http://u:p@x'}]",
            "1:26: engines[0].url: credentials do not belong into a url; use api_key with env or file"
        ),
        (
            "engines: [{name: a, url: 'http://x', api_key: sk-123}]",
            """
            1:47: engines[0].api_key: a key in this file would end up in backups and version control; name \
            where it is kept instead: {env: NAME} or {file: PATH}
            """
        ),
        (
            "engines: [{name: a, url: 'http://x', headers: {Authorization: Bearer x}}]",
            """
            1:63: engines[0].headers.Authorization: is a secret: use api_key, or {env: NAME} or {file: PATH} \
            as the header's value
            """
        ),
        (
            "engines: [{name: a, url: 'http://x', kind: vlm}]",
            "1:44: engines[0].kind: unknown value 'vlm'; did you mean 'vllm'?"
        ),
        (
            "engines: [{name: a, url: 'http://x'}, {name: a, url: 'http://y'}]",
            "1:39: engines[1]: another engine is called 'a'"
        ),
        (
            "engines: [{name: 'a b', url: 'http://x'}]",
            "1:18: engines[0].name: 'a b' may have letters, digits, '.', '_' and '-' only, and at most 64 of them"
        ),
        ("engines: [{name: a, url: 'http://x', tls: {verify: false}}]", "1:43: engines[0].tls: needs an https:// url"),
        (
            "engines: [{name: gpu, url: 'http://x'}]\nmodels: {m: {engines: [gup]}}",
            "2:24: models.m.engines[0]: unknown engine 'gup'; did you mean 'gpu'?"
        ),
        (
            "models:\n  m:\n    tokenizer: nowhere.json",
            "3:16: models.m.tokenizer: 'nowhere.json' cannot be opened: No such file or directory"
        ),
        (
            "models: {m: {tokenizer: /tmp}}",
            "1:25: models.m.tokenizer: '/tmp' cannot be read: Is a directory"
        ),
        ("models: {m: {tokeniser: x}}", "1:14: models.m.tokeniser: unknown key 'tokeniser'; did you mean 'tokenizer'?"),
        ("prices: {shiped: false}", "1:10: prices.shiped: unknown key 'shiped'; did you mean 'shipped'?"),
        (
            "prices:\n  models:\n    m: {default: {input: free}}",
            "3:26: prices.models.m.default.input: 'free' is not a price in dollars, such as 2.5 or 0.017 / minute"
        ),
        ("- a", "1:1: must be a mapping (key: value)"),
        ("a: b: c", "1:5: mapping values are not allowed in this context"),
    ]

    @Test("a mistake names its line, its column and the way to it", arguments: mistakes)
    func reported(_ text: String, _ message: String) {
        let error = refusal { () throws(ConfigurationError) in try EbbConfiguration.parse(text, file: "e") }
        #expect(error?.description == "e:" + message)
    }

    @Test("a literal key never appears in the error about it")
    func noLeak() {
        let text = "engines: [{name: a, url: 'http://x', api_key: sk-very-secret, headers: {}}]"
        let error = refusal { () throws(ConfigurationError) in try EbbConfiguration.parse(text, file: "e") }
        #expect(error?.description.contains("sk-very") == false)
    }

    @Test("a secret is read from its place and never printed")
    func secrets() throws {
        let source = SecretSource.environment("KEY")
        let secret = try source.read(environment: ["KEY": " sk-12345\n"])
        #expect(secret.reveal() == "sk-12345")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] {
            #expect(!text.contains("12345"))
        }
        #expect(throws: ConfigurationError.self) { try source.read(environment: [:]) }
        #expect(throws: ConfigurationError.self) { try source.read(environment: ["KEY": " \n"]) }
        #expect(throws: ConfigurationError.self) { try source.read(environment: ["KEY": "a\r\nX-Evil: 1"]) }
        let missing = refusal { () throws(ConfigurationError) in
            try SecretSource.file("/nonexistent/key").read(environment: [:])
        }
        #expect(missing?.description == "/nonexistent/key: cannot be opened: No such file or directory")
    }

    @Test("every key that the reader knows is in the guide")
    func documented() throws {
        let guides = try ["configuration", "prices", "tiers"].map {
            try RepositoryFile.text("docs/guides/\($0).md")
        }.joined()
        // As code, or as a key of an example.
        let told = Set(guides.matches(of: /(?:`|[{, .\n])([a-z_]+)[`:]/).map { $0.1 })
        let folder = "Sources/Adapters/ConfigurationYAML"
        let files = try RepositoryFile.names(in: folder).filter {
            $0.hasSuffix("Reader.swift") || $0 == "TracingConfiguration.swift"
        }
        #expect(files.count > 8)
        var count = 0
        for file in files {
            let source = try RepositoryFile.text("\(folder)/\(file)")
            for list in source.matches(of: /(?:fields\(\s*|[kK]eys = )\[([^\]]*)\]/) {
                for key in list.1.matches(of: /"([a-z_]+)"/) {
                    count += 1
                    if !told.contains(key.1) { Issue.record("\(key.1) of \(file) is in no guide") }
                }
            }
        }
        #expect(count > 80)
    }
}
