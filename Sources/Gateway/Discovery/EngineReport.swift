public import Quantities
public import Routing

/// What an engine told about itself; `ebb engines check` prints it.
public struct EngineReport: Hashable, Sendable {
    public var engine: EngineID
    public var url: String
    public var isReachable = false
    /// Why not, when it is not.
    public var problem: String?
    public var kind: EngineKind
    public var models: [String] = []
    /// Requests it works on at the same time; nil when it does not tell.
    public var slots: Int?
    /// Path of a tokenizer endpoint, relative to the engine's root.
    public var tokenizer: String?
    /// Path of its metrics.
    public var metrics: String?
    public var streams: Bool = true

    public init(engine: EngineID, url: String, kind: EngineKind) {
        self.engine = engine
        self.url = url
        self.kind = kind
    }
}
