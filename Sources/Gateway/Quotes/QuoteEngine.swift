public import Pricing
public import Quantities

/// An engine that a quote was asked for.
public struct QuoteEngine: Hashable, Sendable {
    /// Which of the engine's models answers for a name, and the name of its price.
    public struct Target: Hashable, Sendable {
        public var engineModel: String
        public var priceName: String
        /// The engine bills by tiers of its own.
        public var isBought: Bool

        public init(engineModel: String, priceName: String, isBought: Bool = false) {
            self.engineModel = engineModel
            self.priceName = priceName
            self.isBought = isBought
        }
    }

    public var id: EngineID
    public var url: String
    /// Why it did not tell what it serves.
    public var problem: String?
    /// By the model that requests name.
    public var targets: [String: Target] = [:]

    public init(id: EngineID, url: String) {
        self.id = id
        self.url = url
    }
}

/// What one engine would take for the requests of one model.
public struct EngineQuote: Hashable, Sendable {
    public var engine: EngineID
    public var url: String
    public var problem: String?
    /// nil: the engine does not serve the model.
    public var target: QuoteEngine.Target?
    /// As the rows of the model; empty when it is not served.
    public var rows: [QuoteRow]
}
