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
        var conditions = "\(asked.model), tier \(price.tier), at \(asked.at.rfc3339)"
        if let band = price.band { conditions += ", above \(band.dropFirst()) input tokens" }
        if let window = price.window { conditions += ", in the hours of \(window)" }
        var rows: [[String]] = []
        for line in price.lines {
            let unit = line.meter.customaryQuantity
            let per = unit == 1 ? "each" : "/ \(PriceReceipt.grouped(unit))"
            rows.append([
                line.meter.name, PriceReceipt.grouped(line.quantityText), "$\(line.rate.dollars(per: unit)) \(per)",
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

/// Numbers as people read them.
enum PriceReceipt {
    /// A decimal text with its whole digits in groups of three.
    static func grouped(_ decimal: String) -> String {
        let parts = decimal.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let whole = Int64(parts[0]) else { return Int64(decimal).map(Self.grouped) ?? decimal }
        return Self.grouped(whole) + "." + parts[1]
    }

    /// Digits in groups of three.
    static func grouped(_ value: Int64) -> String {
        let digits = String(value.magnitude)
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}
