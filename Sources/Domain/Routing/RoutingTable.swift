public import Quantities

/// Where one model alias can be served.
public struct EngineTarget: Hashable, Sendable {
    public let engine: EngineID
    /// The name that the engine knows the model by.
    public let engineModel: String
    /// Relative share among the engines of an alias; at least 1.
    public let weight: Int

    public init(engine: EngineID, engineModel: String, weight: Int = 1) {
        self.engine = engine
        self.engineModel = engineModel
        self.weight = max(1, weight)
    }
}

/// Model alias to engines: an immutable value that replaces itself whole when discovery or configuration changes.
public struct RoutingTable: Sendable {
    public let engines: [EngineID: Engine]
    public let aliases: [String: [EngineTarget]]

    public static let empty = RoutingTable()

    private init() {
        self.engines = [:]
        self.aliases = [:]
    }

    /// - Throws: `duplicateEngine`, `unknownEngine`, `emptyAlias`.
    public init(engines: [Engine], aliases: [String: [EngineTarget]]) throws(RoutingError) {
        var byID: [EngineID: Engine] = [:]
        for engine in engines {
            guard byID.updateValue(engine, forKey: engine.id) == nil else { throw .duplicateEngine(engine.id.text) }
        }
        for (alias, targets) in aliases {
            if targets.isEmpty { throw .emptyAlias(alias) }
            for target in targets where byID[target.engine] == nil {
                throw .unknownEngine(alias: alias, engine: target.engine.text)
            }
        }
        self.engines = byID
        self.aliases = aliases
    }

    /// The engines of `model`, or nil when the name is unknown (404 `model_not_found`).
    public func targets(for model: String) -> [EngineTarget]? { self.aliases[model] }

    /// Alias names in a stable order, as `/v1/models` lists them.
    public var modelNames: [String] { self.aliases.keys.sorted() }
}
