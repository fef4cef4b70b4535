import Quantities

/// Where spans go, and how many of them.
public struct TracingConfiguration: Sendable {
    /// The collector, addressed like an engine: url, headers, tls.
    public var collector: EngineConfiguration
    /// Share of the traces that begin here of which spans are kept, 0 ... 1.
    public var share = 1.0
    /// `service.name` of the spans.
    public var service = "ebb"

    /// No engine can have this name.
    static let name = EngineID(":collector")

    init(url: String) { self.collector = EngineConfiguration(name: Self.name, url: url) }
}

/// Reads the `tracing` section, and the variables that OpenTelemetry's SDKs share.
struct TracingReader {
    let file: String

    func tracing(_ value: YAMLValue) throws(ConfigurationError) -> TracingConfiguration {
        let fields = try value.fields(["endpoint", "sample", "service", "headers", "tls"])
        let engines = EngineReader(file: self.file)
        let endpoint = try fields.required("endpoint")
        var tracing = TracingConfiguration(url: try Self.base(endpoint))
        if let value = fields["sample"] { tracing.share = try Self.share(value) }
        if let value = fields["service"] { tracing.service = try value.name() }
        if let value = fields["headers"] { tracing.collector.headers = try engines.headers(value) }
        if let value = fields["tls"] {
            guard tracing.collector.url.hasPrefix("https://") else { throw value.error("needs an https:// endpoint") }
            tracing.collector.tls = try engines.tls(value)
        }
        return tracing
    }

    /// The path of OTLP over HTTP is part of the protocol; people write it anyway.
    private static func base(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try EngineReader.url(value)
        let path = "/v1/traces"
        return text.hasSuffix(path) ? String(text.dropLast(path.utf8.count)) : text
    }

    /// `OTEL_EXPORTER_OTLP_ENDPOINT` switches tracing on, too; these variables win over the file. An empty one counts
    /// as not set (OpenTelemetry specification, "Environment variables").
    static func override(
        _ tracing: inout TracingConfiguration?, environment: [String: String]
    ) throws(ConfigurationError) {
        func variable(_ name: String) -> YAMLValue? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            return YAMLValue(text: text, file: "environment variable \(name)")
        }
        let isOff = ["OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "none"].contains { name, off in
            environment[name]?.lowercased() == off
        }
        let sampler = environment["OTEL_TRACES_SAMPLER"] ?? ""
        guard !isOff, sampler != "always_off" else {
            tracing = nil
            return
        }
        if let value = variable("OTEL_EXPORTER_OTLP_ENDPOINT") {
            let url = try Self.base(value)
            // Secrets and certificates of the file are for its own collector.
            if tracing?.collector.url != url {
                var other = TracingConfiguration(url: url)
                other.share = tracing?.share ?? other.share
                other.service = tracing?.service ?? other.service
                tracing = other
            }
        }
        guard tracing != nil else { return }
        if let value = variable("OTEL_EXPORTER_OTLP_PROTOCOL"), !(try value.text()).hasPrefix("http/") {
            throw value.error("spans are sent over HTTP; collectors take that on a port of its own, 4318 by custom")
        }
        if let value = variable("OTEL_SERVICE_NAME") { tracing?.service = try value.name() }
        if let value = variable("OTEL_EXPORTER_OTLP_HEADERS") {
            for header in try Self.headers(value) {
                tracing?.collector.headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
                tracing?.collector.headers.append(header)
            }
        }
        switch sampler {
        case "": break
        case "parentbased_always_off": tracing?.share = 0
        case "always_on", "parentbased_always_on": tracing?.share = 1
        case "traceidratio", "parentbased_traceidratio":
            if let value = variable("OTEL_TRACES_SAMPLER_ARG") { tracing?.share = try Self.share(value) }
        default:
            throw YAMLValue(text: sampler, file: "environment variable OTEL_TRACES_SAMPLER").error(
                "'\(sampler)' is no sampler that is known here")
        }
    }

    private static func share(_ value: YAMLValue) throws(ConfigurationError) -> Double {
        guard let share = Double(try value.text()), (0...1).contains(share) else {
            throw value.error("must be a share between 0 and 1, such as 0.1")
        }
        return share
    }

    /// `name=value,name=value`, values percent-encoded.
    private static func headers(_ value: YAMLValue) throws(ConfigurationError) -> [EngineConfiguration.Header] {
        var headers: [EngineConfiguration.Header] = []
        for part in try value.text().split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            guard pair.count == 2, EngineReader.isHeaderName(String(pair[0])), let text = Self.decoded(pair[1]),
                text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
            else { throw value.error("is not name=value,name=value with percent-encoded values") }
            headers.append(.init(name: String(pair[0]), value: .text(text)))
        }
        return headers
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, let value = UInt8(digits, radix: 16)
            else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
