import OpenAIWire
package import Pricing
package import Quantities

/// Prices usages from one book, with what the command line says where a usage says nothing.
package struct UsagePricing: Sendable {
    /// What holds where a usage says nothing itself.
    package struct Defaults: Sendable {
        package var model: String?
        package var tier: TierName
        package var at: Instant
        /// Added to every usage.
        package var extras: [Meter: Int64]

        package init(model: String? = nil, tier: TierName = .standard, at: Instant, extras: [Meter: Int64] = [:]) {
            self.model = model
            self.tier = tier
            self.at = at
            self.extras = extras
        }
    }

    /// A usage with all that decides its price.
    package struct Asked: Hashable, Sendable {
        package let model: String
        package let tier: TierName
        package let at: Instant
    }

    package enum Outcome: Hashable, Sendable {
        case priced(Asked, PricedUsage)
        /// There is no price, for this reason. Never a price of zero.
        case unpriced(Asked, String)
        /// The statement contradicts itself or lacks something.
        case flawed(String)
    }

    /// Resolved prices, kept by whoever prices many usages in a row.
    package struct Kept {
        fileprivate struct Key: Hashable {
            let model: String
            let tier: TierName
        }
        fileprivate static let tablesMax = 1_024
        fileprivate var tables: [Key: PriceTable] = [:]
        package init() {}
    }

    private let source: PriceSource
    private let defaults: Defaults

    package init(source: PriceSource, defaults: Defaults) {
        self.source = source
        self.defaults = defaults
    }

    package func price(_ statement: UsageStatement, kept: inout Kept) -> Outcome {
        guard let model = statement.model ?? self.defaults.model, !model.isEmpty else {
            return .flawed("no model: name one with --model or in the field 'model'")
        }
        let tier = statement.tier.map { TierName($0) } ?? self.defaults.tier
        let asked = Asked(model: model, tier: tier, at: statement.at ?? self.defaults.at)
        var extras = statement.extras.merging(self.defaults.extras) { $0 &+ $1 }
        do throws(PricingError) {
            let table = try self.table(asked, &kept)
            // The images endpoint gives no details where all output is pictures.
            if !statement.hasOutputDetails, extras[.imageOutput] == nil, table.model.hasPrefix("gpt-image") {
                extras[.imageOutput] = statement.usage.output
            }
            let price = try table.price(
                statement.usage, at: asked.at, extras: extras, billionths: statement.billionths)
            return .priced(asked, price)
        } catch {
            switch error {
            case .unpriced(let reason): return .unpriced(asked, reason.description)
            case .inconsistentUsage(let text): return .flawed("the usage contradicts itself: \(text)")
            case .overflow: return .flawed("a count is too large")
            }
        }
    }

    private func table(_ asked: Asked, _ kept: inout Kept) throws(PricingError) -> PriceTable {
        let name = self.source.priceName(asked.model)
        let key = Kept.Key(model: name, tier: asked.tier)
        if let table = kept.tables[key], table.covers(asked.at) { return table }
        let table = try self.source.book.resolve(name, tier: asked.tier, at: asked.at)
        if kept.tables.count < Kept.tablesMax { kept.tables[key] = table }
        return table
    }
}

extension UsagePricing.Outcome {
    /// One JSON object; money is decimal text, exact.
    package var object: [UInt8] {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        switch self {
        case .flawed(let message):
            writer.member("error", message)
        case .unpriced(let asked, let reason):
            asked.write(to: &writer)
            writer.member("unpriced", reason)
        case .priced(let asked, let price):
            asked.write(to: &writer)
            writer.member("provider", price.provider)
            writer.member("priced_as", price.model)
            writer.key("meters")
            writer.beginArray()
            for line in price.lines {
                writer.beginObject()
                writer.member("meter", line.meter.name)
                writer.member("quantity", raw: Array(line.quantityText.utf8))
                writer.member("unit_price_usd", line.rate.dollars(per: line.meter.customaryQuantity))
                writer.key("per")
                writer.integer(line.meter.customaryQuantity)
                writer.member("amount_usd", line.exactAmount)
                writer.endObject()
            }
            writer.endArray()
            writer.member("amount_usd", price.amount.decimalDollars)
            writer.member("list_amount_usd", price.listAmount?.decimalDollars)
            writer.member("saving_usd", price.saving?.decimalDollars)
            writer.member("price_version", price.priceVersion)
            if let band = price.band { writer.member("context_band", band) }
            if let window = price.window { writer.member("window", window) }
        }
        writer.endObject()
        return writer.bytes
    }
}

extension UsagePricing.Asked {
    func write(to writer: inout JSONWriter) {
        writer.member("model", self.model)
        writer.member("tier", self.tier.text)
        writer.member("at", self.at.rfc3339)
    }
}
