import Quantities
import Scheduling

/// Figures in rows, for a terminal or a page.
public struct StudyTable: Sendable {
    public let caption: String
    /// A title that begins with `#` is over a column of numbers.
    public let titles: [String]
    public let rows: [[String]]
}

extension StudyResult {
    /// The tables that have something to say.
    public var tables: [StudyTable] {
        [self.waits, self.usage, self.projects, self.earnings].filter { !$0.rows.isEmpty }
    }

    /// Run, and the number of engines where it differs.
    private func head(_ run: RunFigures) -> [String] { self.isSweep ? [run.name, String(run.engines)] : [run.name] }

    private var headTitles: [String] { self.isSweep ? ["RUN", "#ENGINES"] : ["RUN"] }

    /// Times and tokens of each tier.
    private var waits: StudyTable {
        let titles = [
            "TIER", "#REQUESTS", "#FINISHED", "#REFUSED", "#TTFT P50", "#P90", "#P99", "#GAP P50", "#P90", "#P99",
            "#INPUT", "#CACHED", "#OUTPUT",
        ]
        let rows = self.runs.flatMap { run in
            run.lanes.map { lane in
                let counts = [lane.requests, lane.finished, lane.refused].map(FigureText.count)
                let tokens = [lane.promptTokens, lane.cachedTokens, lane.outputTokens].map(FigureText.count)
                return self.head(run) + [lane.name] + counts + Self.times(lane.firstToken) + Self.times(lane.gap)
                    + tokens
            }
        }
        return StudyTable(caption: "Waits and tokens", titles: self.headTitles + titles, rows: rows)
    }

    private static func times(_ times: RunFigures.Times?) -> [String] {
        guard let times else { return ["-", "-", "-"] }
        return [times.p50, times.p90, times.p99].map(FigureText.time)
    }

    /// What each run asked of its engines, and what it reached.
    private var usage: StudyTable {
        let hasBatches = self.runs.contains { $0.batches.batches > 0 }
        let hasSpread = self.runs.contains { $0.lanes.contains { $0.spread != nil } }
        let hasMoney = self.runs.contains { $0.money != nil }
        var titles = self.headTitles + ["#UTILISATION", "#BACKGROUND TOK/S", "#CANCELLED", "#WASTED TOKENS", "#WASTE"]
        if hasBatches { titles += ["#WINDOWS MISSED"] }
        if hasSpread { titles += ["#SERVICE SPREAD"] }
        if hasMoney { titles += ["#ENGINES COST", "#REVENUE", "#MARGIN"] }
        titles += self.objectives.map { "#" + $0.name.uppercased() }
        if !self.objectives.isEmpty { titles.append("HOLDS") }
        let rows = self.runs.map { run -> [String] in
            var row = self.head(run)
            row += [
                FigureText.percent(run.utilisation), FigureText.decimal(run.backgroundTokensPerSecond, 0),
                FigureText.count(run.lanes.reduce(0) { $0 + $1.preempted }),
                FigureText.count(run.lanes.reduce(0) { $0 + $1.wastedTokens }), FigureText.percent(run.waste),
            ]
            if hasBatches {
                row.append(run.batches.batches > 0 ? "\(run.batches.missed) of \(run.batches.batches)" : "-")
            }
            if hasSpread {
                let spread = run.lanes.compactMap(\.spread).max()
                row.append(spread.map { FigureText.count(Int($0.rounded())) } ?? "-")
            }
            if hasMoney { row += Self.money(run.money) }
            row += run.reached.map { $0.value.map(FigureText.time) ?? "-" }
            if !self.objectives.isEmpty { row.append(self.holds(run) ? "yes" : "no") }
            return row
        }
        return StudyTable(caption: "Engines", titles: titles, rows: rows)
    }

    private static func money(_ money: RunMoney?) -> [String] {
        guard let money else { return ["-", "-", "-"] }
        let revenue = money.revenue.map(FigureText.dollars)
        return [
            money.engines.map(FigureText.dollars) ?? "-", revenue ?? (money.tiers.isEmpty ? "-" : "unpriced"),
            money.margin.map(FigureText.dollars) ?? "-",
        ]
    }

    /// Who got what, where several projects share the engines.
    private var projects: StudyTable {
        let titles = ["PROJECT", "#REQUESTS", "#FINISHED", "#TOKENS", "#TTFT P50", "#P90", "#P99"]
        let rows = self.runs.flatMap { run in
            run.projects.map { project in
                let counts = [project.requests, project.finished, project.tokens].map(FigureText.count)
                return self.head(run) + [project.project.text] + counts + Self.times(project.firstToken)
            }
        }
        return StudyTable(caption: "Projects", titles: self.headTitles + titles, rows: rows)
    }

    /// What each tier earned.
    private var earnings: StudyTable {
        let rows = self.runs.flatMap { run in
            (run.money?.tiers ?? []).map { tier in
                let priced = tier.earnings.requests - tier.earnings.unpriced
                return self.head(run) + [
                    tier.tier == .standard ? "standard" : tier.tier.text, FigureText.count(priced),
                    FigureText.count(tier.earnings.unpriced),
                    priced > 0 ? FigureText.dollars(tier.earnings.amount) : "unpriced",
                ]
            }
        }
        let titles = self.headTitles + ["TIER", "#PRICED", "#UNPRICED", "#REVENUE"]
        return StudyTable(caption: "Revenue", titles: titles, rows: rows)
    }
}
