public import Quantities

/// Why a usage has no price. The answer is always "no price", never zero and never another tier's price.
public enum Unpriced: Hashable, Sendable {
    /// The book does not know this model.
    case unknownModel(String)
    /// Several providers list this bare name; say `provider/model`.
    case ambiguousModel(String)
    /// The book knows the model, but has no price for it at that moment.
    case noPriceThen(model: String, at: Instant)
    /// The model is priced at that moment, but not in this tier.
    case tierNotOffered(model: String, tier: TierName)
    /// The tier has no price for requests with more input tokens than this.
    case contextBand(model: String, tier: TierName, above: Int64)
    /// The request used a meter that the tier has no price for.
    case meter(Meter, model: String, tier: TierName)
}

/// What can go wrong when a usage becomes a charge.
public enum PricingError: Error, Hashable, Sendable {
    case unpriced(Unpriced)
    /// The usage contradicts itself (a part larger than its whole, a negative count); the text says how.
    case inconsistentUsage(String)
    /// A count beyond 2^50, or an amount that does not fit.
    case overflow
}

extension Unpriced: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownModel(let model): "no price for model '\(model)'"
        case .ambiguousModel(let model): "several providers price '\(model)'; name it as provider/\(model)"
        case .noPriceThen(let model, let at): "no price for model '\(model)' at \(at.rfc3339)"
        case .tierNotOffered(let model, let tier): "no price for model '\(model)' in tier '\(tier)'"
        case .contextBand(let model, let tier, let above):
            "no price for model '\(model)' in tier '\(tier)' above \(above) input tokens"
        case .meter(let meter, let model, let tier):
            "no price for \(meter.name) of model '\(model)' in tier '\(tier)'"
        }
    }
}

/// What makes a price book unusable. `entry` is the entry's place in the list that the book was built from.
public enum PriceBookError: Error, Equatable, Sendable {
    case noModelName(entry: Int)
    case emptyPeriod(entry: Int)
    /// Two entries of one model start at the same moment.
    case samePeriod(entry: Int, earlier: Int, model: String)
    case unknownSchedule(entry: Int, name: String)
    /// A tier is a multiple of one that the entry does not state, or of itself.
    case unknownBaseTier(entry: Int, tier: TierName, base: TierName)
    /// Context bands must be above zero and rising.
    case bandsOutOfOrder(entry: Int, tier: TierName)
    case numberTooLarge(entry: Int, tier: TierName)
    case aliasCycle(name: String)
    case aliasTargetUnknown(name: String, target: String)
    case badSchedule(name: String)
    case duplicateName(String)
}
