import Pricing
import Quantities

extension UsagePricing.Outcome {
    /// The charge meter by meter, for people.
    package var receipt: String {
        switch self {
        case .flawed(let message): return "invalid: \(message)\n"
        case .unpriced(_, let reason): return "unpriced: \(reason)\n"
        case .priced(let asked, let price): return Self.receipt(asked, price)
        }
    }

    private static func receipt(_ asked: UsagePricing.Asked, _ price: PricedUsage) -> String {
        var conditions = "\(asked.model), tier \(price.tier.spoken), at \(asked.at.rfc3339)"
        if let band = price.band { conditions += ", above \(band.dropFirst()) input tokens" }
        if let window = price.window { conditions += ", in the hours of \(window)" }
        var rows: [[String]] = []
        for line in price.lines {
            let unit = line.meter.customaryQuantity
            let per = unit == 1 ? "each" : "/ \(Figures.count(unit))"
            rows.append([
                line.meter.name, Figures.count(decimal: line.quantityText), "$\(line.rate.dollars(per: unit)) \(per)",
                "$\(line.exactAmount)",
            ])
        }
        rows.append(["total", "", "", price.amount.description])
        if let list = price.listAmount, let saving = price.saving, saving != .zero {
            rows.append(["at standard", "", "", list.description])
            rows.append(["saving", "", "", saving.description])
        }
        var table = TextTable(["meter", "#quantity", "unit price", "#amount"])
        let lines = [TextTable.printable(conditions)] + table.lines(rows).map { "  " + $0 }
        return lines.joined(separator: "\n") + "\n  price \(price.priceVersion)\n"
    }
}
