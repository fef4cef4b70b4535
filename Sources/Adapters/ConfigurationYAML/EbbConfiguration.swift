public import Quantities
public import Scheduling

/// Everything that `ebb.yaml` says, checked; docs/guides/configuration.md describes each key.
public struct EbbConfiguration: Sendable {
    public var listen = ListenAddress(host: "127.0.0.1", port: 8_080)
    /// Where the store and the files live.
    public var dataDirectory = "./ebb-data"
    public var log = LogConfiguration()
    /// How long running requests may take to end after a stop signal.
    public var shutdownGrace = Duration.seconds(30)
    public var limits = LimitConfiguration()
    public var batch = BatchConfiguration()
    public var retention = RetentionConfiguration()
    public var engines: [EngineConfiguration] = []
    public var models: [ModelConfiguration] = []
    public var prices = PriceConfiguration()
    /// The shipped tiers, changed and added to, and what projects get of them.
    public var tiers = TierSettings()
    /// nil: no spans are kept.
    public var tracing: TracingConfiguration?
    /// Why none are kept although the environment asks for it. Its variables are for every program of a machine and
    /// may say what this one cannot do, so they stop nothing.
    public var tracingProblem: ConfigurationError?

    public init() {}
}

/// A host and a port to listen on.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without the brackets of IPv6.
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}

public struct LogConfiguration: Hashable, Sendable {
    public enum Level: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
    public enum Format: String, Hashable, Sendable, CaseIterable {
        case text, json
    }

    public var level = Level.info
    public var format = Format.text

    public init() {}
}

/// Limits that an operator may lower, never raise.
public struct LimitConfiguration: Hashable, Sendable {
    /// 32 MB
    public static let bodyBytesMax = 33_554_432
    /// 512 MB
    public static let fileBytesMax = 536_870_912
    /// 200 MB
    public static let batchFileBytesMax = 209_715_200
    public static let batchLinesMax = 50_000

    public var bodyBytes = LimitConfiguration.bodyBytesMax
    public var fileBytes = LimitConfiguration.fileBytesMax
    public var batchFileBytes = LimitConfiguration.batchFileBytesMax
    public var batchLines = LimitConfiguration.batchLinesMax

    public init() {}
}

public struct BatchConfiguration: Hashable, Sendable {
    /// The order in which the lines of a batch run.
    public enum Order: String, Hashable, Sendable, CaseIterable {
        /// Lines with equal beginnings next to each other, for the engines' prompt caches.
        case prefix
        /// As in the file.
        case input
    }
    /// A completion window that batches may ask for, and the tier whose price it has.
    public struct Window: Hashable, Sendable {
        public var window: CompletionWindow
        public var tier: TierName

        public init(window: CompletionWindow, tier: TierName) {
            self.window = window
            self.tier = tier
        }
    }

    /// What Ebb offers while the file names no windows: those of the shipped tiers.
    public static let windowsShipped = TierTable.shippedRows.compactMap { row in
        row.window.map { Window(window: $0, tier: row.name) }
    }.sorted { $0.window < $1.window }

    /// Shortest first.
    public var windows = BatchConfiguration.windowsShipped
    /// Lines of all batches that run at the same time; nil: as many as the engines have places for.
    public var concurrency: Int?
    /// How often a line may be tried before it fails.
    public var maxAttempts = 5
    public var order = Order.prefix

    public init() {}
}

public struct RetentionConfiguration: Hashable, Sendable {
    /// How long batch input and output files are kept; nil keeps them.
    public var batchFiles: Duration? = .seconds(30 * 86_400)
    /// How long other files are kept; nil keeps them until they are deleted.
    public var files: Duration?

    public init() {}
}

/// Which price books apply; own prices win over files, later files over earlier ones, files over the shipped book.
public struct PriceConfiguration: Sendable {
    /// Whether the book that Ebb ships with is the lowest layer.
    public var useShipped = true
    public var files: [String] = []
    public var own: PriceList?

    public init() {}
}
