package import OpenAIWire
package import Quantities

/// How a line is asked for at an engine, and by which tiers its answer may be charged.
///
/// Engines of our own serve a line at its batch's tier. A bought engine does not know that tier: it sells tiers of its
/// own, and bills by the one that its answer names (decision 0024; prices-and-finops 8.2, rule 5).
package struct LineTiers: Hashable, Sendable {
    /// The line's `service_tier` at a bought engine; nil: it goes without.
    package let asked: TierName?
    /// By which the answer may be charged; the expected one is first. Those without a price bound nothing.
    package let possible: [TierName]
    private let isBought: Bool

    package var expected: TierName { self.possible[0] }

    /// At an engine of our own.
    package static func own(_ tier: TierName) -> LineTiers { LineTiers(asked: nil, possible: [tier], isBought: false) }

    /// At a bought engine: `flex` where it is sold, else the seller's standard.
    ///
    /// - Parameters:
    ///   - tier: the batch's. Who asks for the standard tier is not made to wait for flex.
    ///   - refused: tiers that the engine has refused for the model.
    ///   - sells: whether the model has a price in a tier of the seller.
    package static func bought(
        _ tier: TierName, _ endpoint: Endpoint, refused: Set<TierName> = [], sells: (TierName) -> Bool
    ) -> LineTiers {
        // Other endpoints have no such field.
        guard endpoint == .chatCompletions else {
            return LineTiers(asked: nil, possible: [.standard], isBought: true)
        }
        if tier != .standard, !refused.contains(.flex), sells(.flex) {
            return LineTiers(asked: .flex, possible: [.flex, .standard], isBought: true)
        }
        // Without a word an account may prefer its seller's dearer tier (openai-api 4.2).
        guard sells(.priority), !refused.contains(.standard) else {
            return LineTiers(asked: nil, possible: [.standard, .priority], isBought: true)
        }
        return LineTiers(asked: .standard, possible: [.standard], isBought: true)
    }

    /// The tier that is charged.
    ///
    /// - Parameter answered: `service_tier` of the answer.
    package func served(_ answered: String?) -> TierName {
        guard self.isBought else { return self.expected }
        return answered.flatMap { TierName(answered: $0) } ?? .standard
    }
}
