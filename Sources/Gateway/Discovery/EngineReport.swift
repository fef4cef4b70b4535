public import Quantities
public import Routing

/// What an engine told about itself; `ebb engines check` prints it.
public struct EngineReport: Hashable, Sendable {
    public var engine: EngineID
    public var url: String
    /// It answered with a list of models.
    public var isReachable = false
    /// Why not, when it is not.
    public var problem: String?
    public var kind: EngineKind
    public var models: [String] = []
    /// Requests it works on at the same time; nil when it does not tell.
    public var slots: Int?
    /// Path of a tokenizer endpoint on the engine's host; set only when it has counted a text.
    public var tokenizer: String?
    /// Path of its metrics on the engine's host; set only when it has given some.
    public var metrics: String?
    /// Whether its models call tools; nil when it does not tell.
    public var callsTools: Bool?

    public init(engine: EngineID, url: String, kind: EngineKind) {
        self.engine = engine
        self.url = url
        self.kind = kind
    }
}
