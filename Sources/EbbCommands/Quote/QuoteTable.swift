package import Gateway
import Pricing
import Quantities
import Tokenizing

/// Shows a quote to people.
package enum QuoteTable {
    /// What the file asks for, a table of tiers for each model, and what shared beginnings are worth.
    package static func render(_ report: QuoteReport) -> String {
        var text = Figures.count(report.lines - report.invalidCount, "request")
        if report.invalidCount > 0 { text += ", \(Figures.count(report.invalidCount, "line")) cannot be used" }
        text += ", prices of \(report.at.rfc3339)\n"
        for model in report.models { text += "\n" + self.render(model) }
        if report.prefixes.blocks > 0, report.prefixes.sharedInPrefixOrder > 0 {
            text += "\nShared beginnings: \(self.percent(report.prefixes.sharedInPrefixOrder, report.prefixes.blocks)) "
            text += "of the prompts can come from a prompt cache when equal beginnings follow each other, "
            text += "\(self.percent(report.prefixes.sharedInInputOrder, report.prefixes.blocks)) in the file's order.\n"
        }
        return text
    }

    private static func render(_ model: QuoteReport.ModelQuote) -> String {
        var text = "\(TextTable.printable(model.model))\n"
        let doubt = model.reasons.map(\.rawValue).sorted().joined(separator: ", ")
        text += "  prompt tokens  \(Figures.count(model.promptTokens))"
        let sources = CountingSource.allCases.filter(model.sources.contains).map(\.rawValue).joined(separator: ", ")
        text += " counted by \(sources) " + (doubt.isEmpty ? "(exact)" : "(estimate: \(doubt))")
        if model.imageTokens > 0 { text += ", of which \(Figures.count(model.imageTokens)) are pictures" }
        text += "\n  output tokens  \(Figures.count(model.outputFloor)) at least, "
        text += "\(Figures.count(model.outputExpected)) expected, "
        text += "\(Figures.count(model.outputMax)) at most\n"
        if model.outputMax > 0 { text += "  expected       \(self.expectation(model))\n" }
        var table = TextTable(["tier", "#floor", "#expected", "#max", "#saving", ""])
        for line in table.lines(self.distinct(model.rows).map(self.cells)) { text += "  \(line)\n" }
        if !model.engines.isEmpty { text += self.engines(model) }
        text += self.bought(model)
        if let saving = model.inputOrderSaving, saving > .zero {
            text += "  about \(self.money(saving)) less at standard where a cache takes over equal beginnings, in the "
            text += "file's order\n"
        }
        if let saving = model.prefixSaving, saving > .zero {
            text += "  about \(self.money(saving)) less at standard when equal beginnings follow each other\n"
        }
        if model.endingTokens > 0 {
            text += "  about \(Figures.count(model.endingTokens)) tokens at the end of every prompt are the "
            text += "same; in front of what varies they would save about "
            text += "\(self.money(model.endingSaving ?? .zero)) at standard\n"
        }
        return text
    }

    /// A day is what `batch` means: one row of the two is enough for people.
    private static func distinct(_ rows: [QuoteRow]) -> [QuoteRow] {
        let hasBatch = rows.contains { $0.tier == .batch && $0.window == nil && $0.name == nil }
        return hasBatch ? rows.filter { $0.tier != .batch || $0.window != "24h" } : rows
    }

    /// What becomes of a job's tier at engines that sell their own.
    private static func bought(_ model: QuoteReport.ModelQuote) -> String {
        let rows = self.distinct(model.rows).filter { !$0.askedAs.isEmpty }
        var asked: [TierName] = []
        for tier in rows.flatMap(\.askedAs) where !asked.contains(tier) { asked.append(tier) }
        guard !asked.isEmpty else { return "" }
        let text = "  a bought engine has no \(rows.map(self.label).joined(separator: ", ")) of ours: it is asked for "
        let tiers = asked.map(\.spoken).joined(separator: " or ")
        return text + (asked.contains(.flex) ? "\(tiers), and may serve and bill standard\n" : "\(tiers)\n")
    }

    /// Who would serve the model, and what is expected of each in each tier.
    private static func engines(_ model: QuoteReport.ModelQuote) -> String {
        let shown = self.distinct(model.rows)
        var table = TextTable(["engine", "serves it as", "priced as"] + shown.map { "#" + self.label($0) })
        let rows = model.engines.map { engine -> [String] in
            guard let target = engine.target else {
                return [engine.engine.text, engine.problem ?? "does not serve it", ""] + shown.map { _ in "" }
            }
            let amounts = self.distinct(engine.rows).map { self.expected($0) }
            return [engine.engine.text, target.engineModel, target.priceName].map(TextTable.printable) + amounts
        }
        return table.lines(rows).map { "  \($0)\n" }.joined()
    }

    /// A function of its own: inlined into the closures above it crashes the optimiser of Swift 6.3.1.
    @inline(never)
    private static func expected(_ row: QuoteRow) -> String {
        guard case .amounts(let amounts) = row.price else { return "-" }
        return self.money(amounts.expected)
    }

    /// A tier, or a window or configured tier with the tier that it is priced as.
    private static func label(_ row: QuoteRow) -> String {
        let tier = row.tier.spoken
        if let name = row.name { return "\(name.spoken) (\(tier))" }
        guard let window = row.window, window != tier else { return tier }
        return "\(window) (\(tier))"
    }

    /// What the expected output rests on.
    private static func expectation(_ model: QuoteReport.ModelQuote) -> String {
        let each = "\(Figures.count(model.expectedEach)) tokens an answer, or its limit where that is lower: "
        if model.pastAnswers == 0 { return each + "assumed, there are no past answers of this model" }
        let answers = model.pastAnswers == 1 ? "answer" : "answers"
        return each + "from \(Figures.count(model.pastAnswers)) past \(answers) of this model"
    }

    private static func cells(_ row: QuoteRow) -> [String] {
        let tier = self.label(row)
        switch row.price {
        case .amounts(let amounts):
            let saving = row.tier == .standard ? nil : row.expectedSaving
            return [
                tier, self.money(amounts.floor), self.money(amounts.expected), self.money(amounts.max),
                saving.map(self.money) ?? "", "",
            ]
        case .unpriced(let reason):
            return [tier, "-", "-", "-", "", reason.description]
        }
    }

    /// Dollars, rounded half up to the cent; amounts below a dollar to a millionth, or their first two digits.
    static func money(_ amount: Money) -> String {
        let magnitude = amount.picodollars.magnitude
        guard magnitude >= 1_000_000_000_000 else { return Figures.money(amount) }
        let unit: UInt128 = 10_000_000_000
        let rounded = (magnitude + unit / 2) / unit * unit
        return Money(picodollars: amount.picodollars < 0 ? -Int128(rounded) : Int128(rounded)).description
    }

    private static func percent(_ part: Int64, _ whole: Int64) -> String {
        "\((Int128(part) * 100 + Int128(whole) / 2) / Int128(whole)) %"
    }
}
