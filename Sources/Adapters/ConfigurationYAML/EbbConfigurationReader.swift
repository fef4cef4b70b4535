import Pricing
import Quantities
import Scheduling

extension EbbConfiguration {
    /// Reads the file at `path` and what the environment overrides.
    public static func load(
        _ path: String, environment: [String: String]
    ) throws(ConfigurationError) -> EbbConfiguration {
        try self.parse(try TextFile.read(path), file: path, environment: environment)
    }

    /// Reads `text`; relative paths in it are relative to the folder of `file`.
    ///
    /// `EBB_LISTEN`, `EBB_DATA` and `EBB_LOG_LEVEL` win over the file; `EBB_DATA` is relative to the working directory.
    public static func parse(
        _ text: String, file: String, environment: [String: String] = [:]
    ) throws(ConfigurationError) -> EbbConfiguration {
        var configuration = EbbConfiguration()
        configuration.dataDirectory = FilePath.resolve("ebb-data", besides: file)
        if let root = try YAMLValue.parse(text, file: file) {
            try EbbConfigurationReader(file: file).read(root, into: &configuration)
        }
        func override(_ name: String) -> YAMLValue? {
            environment[name].map { YAMLValue(text: $0, file: "environment variable \(name)") }
        }
        if let value = override("EBB_LISTEN") { configuration.listen = try EbbConfigurationReader.listen(value) }
        if let value = override("EBB_DATA") { configuration.dataDirectory = try value.name() }
        if let value = override("EBB_LOG_LEVEL") {
            configuration.log.level = try value.choice(LogConfiguration.Level.self)
        }
        do throws(ConfigurationError) {
            try TracingReader.override(&configuration.tracing, environment: environment)
        } catch {
            configuration.tracing = nil
            configuration.tracingProblem = error
        }
        return configuration
    }
}

/// Paths as text.
enum FilePath {
    /// `path` itself when it is absolute, otherwise below the folder of `file`.
    static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }
}

/// Reads the sections of `ebb.yaml`.
struct EbbConfigurationReader {
    let file: String

    func read(_ root: YAMLValue, into configuration: inout EbbConfiguration) throws(ConfigurationError) {
        let fields = try root.fields([
            "listen", "data", "log", "shutdown_grace", "limits", "batch", "retention", "engines", "models", "prices",
            "tiers", "projects", "tracing",
        ])
        if let value = fields["listen"] { configuration.listen = try Self.listen(value) }
        if let value = fields["data"] {
            configuration.dataDirectory = FilePath.resolve(try value.name(), besides: self.file)
        }
        if let value = fields["log"] { configuration.log = try self.log(value) }
        if let value = fields["shutdown_grace"] {
            configuration.shutdownGrace = try value.duration(.zero ... .seconds(3_600))
        }
        if let value = fields["limits"] { configuration.limits = try self.limits(value) }
        if let value = fields["batch"] { configuration.batch = try self.batch(value) }
        if let value = fields["retention"] { configuration.retention = try self.retention(value) }
        if let value = fields["engines"] {
            configuration.engines = try EngineReader(file: self.file).engines(value)
        }
        if let value = fields["models"] {
            configuration.models = try ModelReader(engines: configuration.engines, file: self.file).models(value)
        }
        if let value = fields["prices"] { configuration.prices = try self.prices(value) }
        if let value = fields["tracing"] { configuration.tracing = try TracingReader(file: self.file).tracing(value) }
        if let value = fields["tiers"] { try self.tiers(value, &configuration) }
        if let value = fields["batch"] { try self.checkWindows(value, configuration) }
        self.addRows(of: configuration.batch.windows, to: &configuration.tiers)
        if let value = fields["projects"] {
            configuration.tiers.rules = try ProjectReader(rows: configuration.tiers.rows).rules(value)
        }
    }

    /// A row with a window is one more window that batches may ask for.
    private func tiers(_ value: YAMLValue, _ configuration: inout EbbConfiguration) throws(ConfigurationError) {
        let rules = Self.rules(configuration)
        let reader = try TierReader(value, priced: rules.map { Set($0.map(\.tier)) })
        configuration.tiers.rows = reader.rows
        let isListed = configuration.batch.windows != BatchConfiguration.windowsShipped
        for (tier, window, value) in reader.windows {
            let same = configuration.batch.windows.firstIndex { $0.window.seconds == window.seconds }
            guard let same else {
                configuration.batch.windows.append(.init(window: window, tier: tier))
                continue
            }
            let holder = configuration.batch.windows[same]
            if holder.tier == tier { continue }
            // A row of the file takes over a window that the file gave no tier; 24h stays what OpenAI made it.
            guard !isListed, holder.tier != .batch, !reader.windows.contains(where: { $0.tier == holder.tier }) else {
                throw value.error("the window '\(window)' is that of the tier '\(holder.tier)'")
            }
            configuration.batch.windows[same].tier = tier
        }
        configuration.batch.windows.sort { $0.window < $1.window }
    }

    /// The tiers of the price book; nil where it has files: what they name is known when they are read.
    private static func rules(_ configuration: EbbConfiguration) -> [TierRule]? {
        guard configuration.prices.files.isEmpty else { return nil }
        return TierRule.customary + (configuration.prices.own?.tierRules ?? [])
    }

    /// A window that is priced by a misspelt tier would run unpriced.
    private func checkWindows(_ batch: YAMLValue, _ configuration: EbbConfiguration) throws(ConfigurationError) {
        guard let rules = Self.rules(configuration), let windows = try batch.fields(Self.batchKeys)["windows"],
            windows.isMapping
        else { return }
        let known = Set(rules.flatMap { [$0.tier] + $0.spellings } + configuration.tiers.rows.map(\.tier.name))
        for (_, value) in try windows.pairs() {
            let tier = try TierReader.name(value)
            if known.contains(tier) || (try? CompletionWindow(tier.text)) != nil { continue }
            throw value.unknown("tier", tier.text, known.map(\.text))
        }
    }

    /// So that projects can be given them: each window of `batch` is a tier.
    private func addRows(of windows: [BatchConfiguration.Window], to tiers: inout TierSettings) {
        for window in windows where !tiers.rows.contains(where: { $0.tier.name == window.tier }) {
            let wait = window.window.duration
            tiers.rows.append(
                .init(Tier(window.tier, lane: .batch, window: window.window, patience: wait, waitMax: wait)))
        }
    }

    /// `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`, `:8080` (all interfaces).
    static func listen(_ value: YAMLValue) throws(ConfigurationError) -> ListenAddress {
        let text = try value.text()
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw value.error("'\(text)' is not host:port, such as 127.0.0.1:8080 or [::1]:8080") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw value.error("an IPv6 address needs brackets: [\(host)]:\(port)")
        }
        return ListenAddress(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    private func log(_ value: YAMLValue) throws(ConfigurationError) -> LogConfiguration {
        let fields = try value.fields(["level", "format"])
        var log = LogConfiguration()
        if let level = fields["level"] { log.level = try level.choice(LogConfiguration.Level.self) }
        if let format = fields["format"] { log.format = try format.choice(LogConfiguration.Format.self) }
        return log
    }

    private func limits(_ value: YAMLValue) throws(ConfigurationError) -> LimitConfiguration {
        let fields = try value.fields(["body_bytes", "file_bytes", "batch_file_bytes", "batch_lines"])
        var limits = LimitConfiguration()
        if let value = fields["body_bytes"] {
            limits.bodyBytes = try value.bytes(1_024...LimitConfiguration.bodyBytesMax)
        }
        if let value = fields["file_bytes"] {
            limits.fileBytes = try value.bytes(1_024...LimitConfiguration.fileBytesMax)
        }
        if let value = fields["batch_file_bytes"] {
            limits.batchFileBytes = try value.bytes(1_024...LimitConfiguration.batchFileBytesMax)
        }
        if let value = fields["batch_lines"] {
            limits.batchLines = try value.integer(1...LimitConfiguration.batchLinesMax)
        }
        return limits
    }

    private static let batchKeys = ["windows", "concurrency", "max_attempts", "order"]

    private func batch(_ value: YAMLValue) throws(ConfigurationError) -> BatchConfiguration {
        let fields = try value.fields(Self.batchKeys)
        var batch = BatchConfiguration()
        if let value = fields["windows"] { batch.windows = try self.windows(value) }
        if let value = fields["concurrency"] { batch.concurrency = try value.integer(1...100_000) }
        if let value = fields["max_attempts"] { batch.maxAttempts = try value.integer(1...100) }
        if let value = fields["order"] { batch.order = try value.choice(BatchConfiguration.Order.self) }
        return batch
    }

    /// `{24h: batch, 2h: 2h}`, or a list: `24h` has the price of tier `batch`, others of the tier of their name.
    private func windows(_ value: YAMLValue) throws(ConfigurationError) -> [BatchConfiguration.Window] {
        var pairs: [(key: YAMLValue, tier: TierName?)] = []
        if value.isMapping {
            for (key, value) in try value.pairs() { pairs.append((key, try TierReader.name(value))) }
        } else {
            pairs = try value.elementsOrOne().map { ($0, nil) }
        }
        var windows: [BatchConfiguration.Window] = []
        for (key, tier) in pairs {
            let window = try key.completionWindow()
            let text = window.text
            let customary = window == .day ? TierName.batch : TierName(text)
            windows.append(.init(window: window, tier: tier ?? customary))
            if windows.dropLast().contains(where: { $0.window.seconds == windows.last?.window.seconds }) {
                throw key.error("the window '\(text)' is given twice")
            }
        }
        guard !windows.isEmpty else { throw value.error("needs at least one completion window") }
        return windows.sorted { $0.window < $1.window }
    }

    private func retention(_ value: YAMLValue) throws(ConfigurationError) -> RetentionConfiguration {
        let fields = try value.fields(["batch_files", "files"])
        var retention = RetentionConfiguration()
        func period(_ value: YAMLValue) throws(ConfigurationError) -> Duration? {
            if try value.text() == "forever" { return nil }
            return try value.duration(.seconds(3_600) ... .seconds(3_650 * 86_400))
        }
        if let value = fields["batch_files"] { retention.batchFiles = try period(value) }
        if let value = fields["files"] { retention.files = try period(value) }
        return retention
    }

    private func prices(_ value: YAMLValue) throws(ConfigurationError) -> PriceConfiguration {
        let (list, fields) = try PriceListReader.read(value, version: "own", extraKeys: ["shipped", "files"])
        var prices = PriceConfiguration()
        if let shipped = fields["shipped"] { prices.useShipped = try shipped.bool() }
        for element in try fields["files"]?.elementsOrOne() ?? [] {
            prices.files.append(FilePath.resolve(try element.name(), besides: self.file))
        }
        let isEmpty =
            list.entries.isEmpty && list.aliases.isEmpty && list.schedules.isEmpty && list.tierRules.isEmpty
        if !isEmpty { prices.own = list }
        return prices
    }
}
