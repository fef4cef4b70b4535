import ConfigurationYAML
import Testing

@Suite("Tracing in ebb.yaml and the environment") struct TracingConfigurationTests {
    private static func read(_ text: String, _ environment: [String: String] = [:]) throws -> TracingConfiguration? {
        try EbbConfiguration.parse(text, file: "ebb.yaml", environment: environment).tracing
    }

    @Test("nothing is traced unless a collector is named")
    func off() throws {
        #expect(try Self.read("")?.service == nil)
        #expect(try Self.read("", ["OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_ENDPOINT": ""])?.service == nil)
        #expect(
            try Self.read("tracing: {endpoint: 'http://c:4318'}", ["OTEL_SDK_DISABLED": "true"])?.service == nil)
    }

    @Test("the section says where spans go, and how many of them")
    func section() throws {
        let text = """
            tracing:
              endpoint: https://otel.example/v1/traces
              sample: 0.05
              service: gateway-a
              headers: {authorization: {env: OTEL_KEY}}
              tls: {verify: false}
            """
        let tracing = try #require(try Self.read(text))
        #expect(tracing.collector.url == "https://otel.example")
        #expect(tracing.share == 0.05 && tracing.service == "gateway-a")
        #expect(tracing.collector.headers.map(\.name) == ["authorization"])
        #expect(!tracing.collector.tls.verify)
    }

    @Test("OpenTelemetry's variables are enough, and win")
    func environment() throws {
        let tracing = try #require(
            try Self.read(
                "tracing: {endpoint: 'http://one:4318', sample: 1}",
                [
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://two:4318/", "OTEL_SERVICE_NAME": "s",
                    "OTEL_EXPORTER_OTLP_HEADERS": "a=b%2Cc, d=e", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                    "OTEL_TRACES_SAMPLER_ARG": "0.25",
                ]))
        #expect(tracing.collector.url == "http://two:4318")
        #expect(tracing.service == "s" && tracing.share == 0.25)
        #expect(tracing.collector.headers.map(\.name) == ["a", "d"])
        #expect(try Self.read("", ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://two:4318"])?.share == 1)
    }

    @Test("what the file says for its own collector does not go to another one")
    func otherCollector() throws {
        let file =
            "tracing: {endpoint: 'https://one', service: s, headers: {authorization: {env: K}}, tls: {verify: true}}"
        let other = try #require(try Self.read(file, ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://two:4318"]))
        #expect(other.collector.headers.isEmpty && other.service == "s")
        let same = try #require(
            try Self.read(
                file,
                [
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://one",
                    "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20x",
                ]))
        #expect(same.collector.headers.map(\.name) == ["Authorization"], "the variable wins")
    }

    @Test(
        "variables that switch tracing off do",
        arguments: [
            ["OTEL_SDK_DISABLED": "TRUE"], ["OTEL_TRACES_EXPORTER": "none"], ["OTEL_TRACES_SAMPLER": "always_off"],
        ])
    func off(_ environment: [String: String]) throws {
        #expect(try Self.read("tracing: {endpoint: 'http://one'}", environment)?.service == nil)
    }

    @Test(
        "what cannot be is refused with its line",
        arguments: [
            ("tracing: {sample: 1}", "endpoint"),
            ("tracing: {endpoint: 'collector:4318'}", "must start with http:// or https://"),
            ("tracing: {endpoint: 'http://c', sample: 1.5}", "a share between 0 and 1"),
            ("tracing: {endpoint: 'http://c', protocol: grpc}", "protocol"),
            ("tracing: {endpoint: 'http://c', tls: {verify: false}}", "needs an https:// endpoint"),
        ])
    func refusals(_ text: String, _ part: String) {
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.read(text) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test(
        "a variable that cannot be followed switches tracing off and stops nothing else",
        arguments: [
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=%zz"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a: b\r\nc=d"), ("OTEL_EXPORTER_OTLP_HEADERS", "content-length=3"),
            ("OTEL_TRACES_SAMPLER", "traceidrato"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ])
    func variables(_ name: String, _ value: String) throws {
        let environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"].merging([name: value]) { $1 }
        let configuration = try EbbConfiguration.parse(
            "tracing: {endpoint: 'http://c'}", file: "ebb.yaml", environment: environment)
        #expect(configuration.tracing == nil)
        #expect(configuration.tracingProblem?.description.contains(name) == true)
    }
}
