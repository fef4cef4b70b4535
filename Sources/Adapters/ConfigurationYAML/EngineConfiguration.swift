public import Quantities
public import Scheduling

/// One engine: whatever answers requests.
public struct EngineConfiguration: Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Found out by asking.
        case auto
        case openai, vllm, llamacpp, sglang, ollama
        /// Answers without a model, for trials and tests.
        case simulated

    }
    /// How answers are fetched from the engine.
    public enum Streaming: String, Hashable, Sendable, CaseIterable {
        /// Always as a stream: gone clients and stalled answers are noticed, usage is complete.
        case always
        /// As the client asked.
        case asAsked = "as-asked"
    }
    public struct Timeouts: Hashable, Sendable {
        public var connect = Duration.seconds(5)
        /// From the request to the first byte of the answer.
        public var firstToken = Duration.seconds(600)
        /// Between two pieces of an answer.
        public var idle = Duration.seconds(120)
        public var total = Duration.seconds(3_600)

        public init() {}
    }
    /// A model that the engine serves: the name here and the name there.
    public struct Model: Hashable, Sendable {
        public var name: String
        public var engineModel: String

        public init(name: String, engineModel: String) {
            self.name = name
            self.engineModel = engineModel
        }
    }
    public struct TLS: Hashable, Sendable {
        /// Certificates to trust instead of the system's.
        public var caFile: String?
        /// Whether the engine's certificate is checked.
        public var verify = true

        public init() {}
    }
    public enum HeaderValue: Hashable, Sendable {
        case text(String)
        case secret(SecretSource)
    }
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: HeaderValue

        public init(name: String, value: HeaderValue) {
            self.name = name
            self.value = value
        }
    }

    public var name: EngineID
    /// `http://` or `https://`, without a slash at the end.
    public var url: String
    public var kind = Kind.auto
    public var apiKey: SecretSource?
    /// nil: `always` for engines of our own, `as-asked` for bought ones.
    public var streaming: Streaming?
    /// Requests that may run on it at the same time.
    /// nil: as the engine tells, else 8.
    public var concurrency: Int?
    /// Requests tell it how important they are; it was started for that.
    public var priorities = false
    /// How much background work may slow interactive requests; for engines of our own.
    public var protection = Protection.balanced
    /// nil: background work runs at any hour.
    public var backgroundHours: BackgroundHours?
    public var timeouts = Timeouts()
    /// nil: whatever models the engine lists, under their own names.
    public var models: [Model]?
    public var headers: [Header] = []
    public var tls = TLS()

    public init(name: EngineID, url: String, kind: Kind = .auto) {
        self.name = name
        self.url = url
        self.kind = kind
    }
}

/// A model name that clients use, and who answers it.
public struct ModelConfiguration: Hashable, Sendable {
    /// One engine that can answer, with its share of the requests.
    public struct Target: Hashable, Sendable {
        public var engine: EngineID
        /// The model's name on that engine.
        public var engineModel: String
        /// 1 ... 1,000, relative to the other targets.
        public var weight: Int
        /// Of the model on this engine; nil: the model's, else the engine's.
        public var backgroundHours: BackgroundHours?

        public init(engine: EngineID, engineModel: String, weight: Int = 1) {
            self.engine = engine
            self.engineModel = engineModel
            self.weight = weight
        }
    }
    public var name: String
    public var targets: [Target]
    /// Output tokens assumed when a request states no limit.
    public var defaultMaxOutput: Int64?
    /// The model of the price book whose prices apply; nil is the name of the model that answers.
    public var priceAs: String?
    /// The path of its `tokenizer.json`, for counting prompts where the engine does not.
    public var tokenizer: String?
    /// On all its engines, in place of theirs; nil: theirs.
    public var backgroundHours: BackgroundHours?

    public init(name: String, targets: [Target] = []) {
        self.name = name
        self.targets = targets
    }
}
