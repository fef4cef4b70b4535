public import Pricing
public import Quantities
import Synchronization

/// Prices requests from the price book, keeping the resolved tables.
///
/// Price by what served: the model that answered, the tier that served, the moment it ran. A model that the book knows
/// under its alias only (own models) is priced by that.
public final class Pricer: Sendable {
    /// Resolved tables kept; a new model beyond that is resolved each time.
    static let tablesMax = 4_096

    private struct CacheKey: Hashable {
        let model: String
        let tier: TierName
    }

    public let book: PriceBook
    /// Aliases that are priced as another model of the book (`price_as`).
    private let pricedAs: [String: String]
    /// Tiers that are priced as another one of the book.
    private let tiersPricedAs: [TierName: TierName]
    private let tables = Mutex<[CacheKey: PriceTable]>([:])

    public init(book: PriceBook, pricedAs: [String: String] = [:], tiersPricedAs: [TierName: TierName] = [:]) {
        self.book = book
        self.pricedAs = pricedAs
        self.tiersPricedAs = tiersPricedAs
    }

    public struct Price: Equatable, Sendable {
        /// nil: unpriced.
        public var amount: Money?
        public var listAmount: Money?
        public var version: String
        /// The reason, when unpriced.
        public var reason: PricingError?
    }

    /// - Parameter names: model names in order of preference: as answered, as the engine knows it, as asked.
    public func price(_ usage: TokenUsage, names: [String], tier: TierName, at: Instant) -> Price {
        var reason: PricingError?
        for name in self.preferred(names) where !name.isEmpty {
            do throws(PricingError) {
                let table = try self.table(name, tier: tier, at: at)
                return Price(
                    amount: try table.charge(usage: usage, at: at),
                    listAmount: try table.listAmount(usage: usage, at: at), version: table.priceVersion, reason: nil)
            } catch {
                // Only an unknown name may be looked up under another one: a known model without a price for this tier
                // stays unpriced.
                guard case .unpriced(.unknownModel) = error else {
                    reason = error
                    break
                }
                reason = reason ?? error
            }
        }
        return Price(amount: nil, listAmount: nil, version: self.book.version, reason: reason)
    }

    /// The table by which a usage is charged; nil when it would be unpriced.
    public func table(names: [String], tier: TierName, at: Instant) -> PriceTable? {
        self.priceName(names, at: at).flatMap { try? self.table($0, tier: tier, at: at) }
    }

    /// True where a usage would be unpriced because its model has prices in other tiers only.
    func lacks(_ tier: TierName, names: [String], at: Instant) -> Bool {
        for name in self.preferred(names) where !name.isEmpty {
            do throws(PricingError) {
                _ = try self.table(name, tier: tier, at: at)
                return false
            } catch {
                if case .unpriced(.tierNotOffered) = error { return true }
                guard case .unpriced(.unknownModel) = error else { return false }
            }
        }
        return false
    }

    /// Whether a usage would have a price in a tier, under the name by which it is charged.
    func sells(_ tier: TierName, names: [String], at: Instant) -> Bool {
        self.table(names: names, tier: tier, at: at) != nil
    }

    /// The one of `names` by which a usage is charged: the first that the book knows; nil when it knows none.
    ///
    /// A known name without a price then, or in a tier, counts: no other name is looked up for it.
    public func priceName(_ names: [String], at: Instant) -> String? {
        self.preferred(names).first { name in
            do throws(PricingError) {
                _ = try self.table(name, tier: .standard, at: at)
                return true
            } catch {
                if case .unpriced(.unknownModel) = error { return false }
                return true
            }
        }
    }

    /// A model with a `price_as` is priced by that alone.
    private func preferred(_ names: [String]) -> [String] {
        if self.pricedAs.isEmpty { return names }
        return names.compactMap { self.pricedAs[$0] }.first.map { [$0] } ?? names
    }

    private func table(_ name: String, tier: TierName, at: Instant) throws(PricingError) -> PriceTable {
        let tier = self.tiersPricedAs[tier] ?? tier
        let key = CacheKey(model: name, tier: tier)
        if let cached = self.tables.withLock({ $0[key] }), cached.covers(at) { return cached }
        let table = try self.book.resolve(name, tier: tier, at: at)
        self.tables.withLock { if $0.count < Self.tablesMax || $0[key] != nil { $0[key] = table } }
        return table
    }
}
