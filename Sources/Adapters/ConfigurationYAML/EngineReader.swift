import Pricing
import Quantities
import Scheduling

/// Reads the `engines` section.
struct EngineReader {
    let file: String

    func engines(_ value: YAMLValue) throws(ConfigurationError) -> [EngineConfiguration] {
        var engines: [EngineConfiguration] = []
        for element in try value.elements() {
            let engine = try self.engine(element)
            if engines.contains(where: { $0.name == engine.name }) {
                throw element.error("another engine is called '\(engine.name)'")
            }
            engines.append(engine)
        }
        return engines
    }

    private func engine(_ value: YAMLValue) throws(ConfigurationError) -> EngineConfiguration {
        let fields = try value.fields([
            "name", "url", "kind", "api_key", "stream", "concurrency", "timeouts", "models", "headers", "tls",
            "protection", "background_hours", "priorities",
        ])
        let name = try Self.identifier(try fields.required("name"))
        let kind =
            try fields.optional("kind") { value throws(ConfigurationError) in
                try value.choice(EngineConfiguration.Kind.self)
            } ?? .auto
        var engine = EngineConfiguration(
            name: EngineID(name), url: try Self.url(try fields.required("url")), kind: kind)
        if let value = fields["api_key"] { engine.apiKey = try self.secret(value) }
        if let value = fields["stream"] { engine.streaming = try value.choice(EngineConfiguration.Streaming.self) }
        if let value = fields["concurrency"] { engine.concurrency = try value.integer(1...100_000) }
        if let value = fields["protection"] { engine.protection = try self.protection(value) }
        if let value = fields["background_hours"] { engine.backgroundHours = try BackgroundHoursReader.hours(value) }
        if let value = fields["priorities"] {
            engine.priorities = try value.bool()
            guard !engine.priorities || [.auto, .vllm, .sglang].contains(kind) else {
                throw value.error("engines of kind '\(kind.rawValue)' have no priorities; vllm and sglang do")
            }
        }
        if let value = fields["timeouts"] { engine.timeouts = try self.timeouts(value) }
        if let value = fields["models"] { engine.models = try self.models(value) }
        if let value = fields["headers"] { engine.headers = try self.headers(value) }
        if let value = fields["tls"] {
            guard engine.url.hasPrefix("https://") else { throw value.error("needs an https:// url") }
            engine.tls = try self.tls(value)
        }
        return engine
    }

    /// Letters, digits, `.`, `_`, `-`; at most 64: names appear in metrics, logs and paths.
    static func identifier(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.name()
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard allowed, text.utf8.count <= 64 else {
            throw value.error("'\(text)' may have letters, digits, '.', '_' and '-' only, and at most 64 of them")
        }
        return text
    }

    static func url(_ value: YAMLValue) throws(ConfigurationError) -> String {
        var text = Substring(try value.name())
        while text.hasSuffix("/") { text.removeLast() }
        var rest = text
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
            throw value.error("'\(text)' must start with http:// or https://")
        }
        rest.removeFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != "/" }
        if authority.contains("@") {
            throw value.error("credentials do not belong into a url; use api_key with env or file")
        }
        guard !authority.isEmpty, authority.first != ":",
            rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        else { throw value.error("'\(text)' is not a url such as http://127.0.0.1:8000/v1") }
        return String(text)
    }

    /// `{env: NAME}` or `{file: PATH}`; the secret itself is refused.
    private func secret(_ value: YAMLValue) throws(ConfigurationError) -> SecretSource {
        guard value.isMapping else {
            throw value.error(
                "a key in this file would end up in backups and version control; "
                    + "name where it is kept instead: {env: NAME} or {file: PATH}")
        }
        let fields = try value.fields(["env", "file"])
        switch (fields["env"], fields["file"]) {
        case (let env?, nil): return .environment(try env.name())
        case (nil, let path?): return .file(FilePath.resolve(try path.name(), besides: self.file))
        default: throw value.error("needs either 'env' or 'file'")
        }
    }

    private enum ProtectionName: String, CaseIterable {
        case protect, balanced, throughput, none
    }

    /// A profile's name, or `{first_token, gap}`.
    private func protection(_ value: YAMLValue) throws(ConfigurationError) -> Protection {
        guard value.isMapping else {
            switch try value.choice(ProtectionName.self) {
            case .protect: return .protect
            case .balanced: return .balanced
            case .throughput: return .throughput
            case .none: return .none
            }
        }
        let fields = try value.fields(["first_token", "gap"])
        let range = Duration.milliseconds(1) ... .seconds(3_600)
        return .objective(
            firstToken: try fields.required("first_token").duration(range),
            gap: try fields.required("gap").duration(range))
    }

    private func timeouts(_ value: YAMLValue) throws(ConfigurationError) -> EngineConfiguration.Timeouts {
        let fields = try value.fields(["connect", "first_token", "idle", "total"])
        let range = Duration.milliseconds(1) ... .seconds(86_400)
        var timeouts = EngineConfiguration.Timeouts()
        if let value = fields["connect"] { timeouts.connect = try value.duration(range) }
        if let value = fields["first_token"] { timeouts.firstToken = try value.duration(range) }
        if let value = fields["idle"] { timeouts.idle = try value.duration(range) }
        if let value = fields["total"] { timeouts.total = try value.duration(range) }
        return timeouts
    }

    /// `{name here: name there}`, or a list of names that are the same on both sides.
    private func models(_ value: YAMLValue) throws(ConfigurationError) -> [EngineConfiguration.Model] {
        var models: [EngineConfiguration.Model] = []
        if value.isMapping {
            for (key, value) in try value.pairs() {
                models.append(.init(name: try key.name(), engineModel: try value.name()))
            }
            return models
        }
        for element in try value.elements() {
            let name = try element.name()
            guard !models.contains(where: { $0.name == name }) else { throw element.error("'\(name)' is given twice") }
            models.append(.init(name: name, engineModel: name))
        }
        return models
    }

    func headers(_ value: YAMLValue) throws(ConfigurationError) -> [EngineConfiguration.Header] {
        var headers: [EngineConfiguration.Header] = []
        for (key, value) in try value.pairs() {
            let name = try key.name()
            guard Self.isHeaderName(name) else { throw key.error("'\(name)' is not a header name") }
            if value.isMapping {
                headers.append(.init(name: name, value: .secret(try self.secret(value))))
                continue
            }
            if ["authorization", "api-key", "x-api-key"].contains(name.lowercased()) {
                throw value.error("is a secret: use api_key, or {env: NAME} or {file: PATH} as the header's value")
            }
            let text = try value.text()
            guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw value.error("a header has no control characters")
            }
            headers.append(.init(name: name, value: .text(text)))
        }
        return headers
    }

    /// RFC 9110, section 5.1; not one that says where a message ends or whom it is for.
    static func isHeaderName(_ name: String) -> Bool {
        let marks = Set("!#$%&'*+-.^_`|~".utf8)
        let isToken = name.utf8.allSatisfy { byte in
            marks.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & ~0x20)
        }
        return isToken && !name.isEmpty
            && !["host", "content-length", "transfer-encoding", "connection"].contains(name.lowercased())
    }

    func tls(_ value: YAMLValue) throws(ConfigurationError) -> EngineConfiguration.TLS {
        let fields = try value.fields(["ca_file", "verify"])
        var tls = EngineConfiguration.TLS()
        if let value = fields["ca_file"] { tls.caFile = FilePath.resolve(try value.name(), besides: self.file) }
        if let value = fields["verify"] { tls.verify = try value.bool() }
        return tls
    }
}
