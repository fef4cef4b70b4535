import OpenAIWire
import Quantities
import Scheduling
import Simulation

/// A study as an object: times in milliseconds, amounts in decimal dollars as text, null where nothing is known.
enum StudyJSON {
    static func object(_ result: StudyResult) -> JSONValue {
        let facts = result.facts
        var members: [JSONValue.Member] = [
            .init("object", .string("simulation")),
            .init(
                "load",
                .object([
                    .init("trace", .string(facts.trace)), .init("format", .string(facts.format.rawValue)),
                    .init("requests", .integer(facts.requests)), .init("batch_lines", .integer(facts.lines)),
                    .init("mean_prompt_tokens", .integer(facts.promptTokens)),
                    .init("mean_output_tokens", .integer(facts.outputTokens)),
                    .init("seconds", self.number(Double(facts.duration) / 1e9, 3)),
                    .init("requests_per_second", self.number(facts.requestsPerSecond, 3)),
                ])),
            .init("engine", .string(facts.engine)), .init("slots", .integer(facts.slots)),
            .init("seed", .integer(facts.seed)),
            .init("runs", .array(result.runs.map(self.run))),
        ]
        if let moved = result.moved {
            members.append(
                .init(
                    "move",
                    .object([
                        .init("tier", .string(moved.move.tier.text)), .init("share", self.number(moved.move.share, 4)),
                        .init("requests", .integer(moved.requests)),
                        .init("engines_before", self.count(moved.neededBefore)),
                        .init("engines_after", self.count(moved.neededAfter)),
                    ])))
        }
        members.append(.init("answers", .array(result.answers.map { .string($0) })))
        return .object(members)
    }

    private static func run(_ run: RunFigures) -> JSONValue {
        .object([
            .init("run", .string(run.name)), .init("engines", .integer(run.engines)),
            .init("tiers", .array(run.lanes.map(self.lane))),
            .init("utilisation", self.number(run.utilisation, 4)), .init("waste", self.number(run.waste, 4)),
            .init("background_tokens_per_second", self.number(run.backgroundTokensPerSecond, 1)),
            .init(
                "batches",
                .object([
                    .init("count", .integer(run.batches.batches)), .init("lines", .integer(run.batches.lines)),
                    .init("finished", .integer(run.batches.finished)),
                    .init("windows_missed", .integer(run.batches.missed)),
                    .init("after_the_end", .integer(run.batches.later)),
                ])),
            .init("projects", .array(run.projects.map(self.project))),
            .init(
                "objectives",
                .array(
                    run.reached.map {
                        .object([
                            .init("objective", .string($0.objective.name)),
                            .init("limit_ms", self.milliseconds($0.objective.limit)),
                            .init("value_ms", $0.value.map(self.milliseconds) ?? .null),
                            .init("holds", .bool($0.isHeld)),
                        ])
                    })),
            .init("holds", run.reached.isEmpty ? .null : .bool(run.holds)),
            .init("money", run.money.map(self.money) ?? .null),
            .init("rules_broken", .integer(run.violations)),
        ])
    }

    private static func lane(_ lane: RunFigures.LaneFigures) -> JSONValue {
        .object([
            .init("tier", .string(lane.lane.tier.text)), .init("requests", .integer(lane.requests)),
            .init("finished", .integer(lane.finished)), .init("refused", .integer(lane.refused)),
            .init("open", .integer(lane.open)), .init("input_tokens", .integer(lane.promptTokens)),
            .init("cached_tokens", .integer(lane.cachedTokens)), .init("output_tokens", .integer(lane.outputTokens)),
            .init("cancelled", .integer(lane.preempted)), .init("wasted_tokens", .integer(lane.wastedTokens)),
            .init("ttft_ms", self.times(lane.firstToken)), .init("gap_ms", self.times(lane.gap)),
            .init("e2e_ms", self.times(lane.endToEnd)),
            .init("service_spread", lane.spread.map { self.number($0, 0) } ?? .null),
        ])
    }

    private static func project(_ project: RunFigures.ProjectFigures) -> JSONValue {
        .object([
            .init("project", .string(project.project.text)), .init("requests", .integer(project.requests)),
            .init("finished", .integer(project.finished)), .init("tokens", .integer(project.tokens)),
            .init("ttft_ms", self.times(project.firstToken)),
        ])
    }

    private static func money(_ money: RunMoney) -> JSONValue {
        func amount(_ value: Money?) -> JSONValue { value.map { .string($0.decimalDollars) } ?? .null }
        let tiers = money.tiers.map { tier -> JSONValue in
            let earnings = tier.earnings
            return .object([
                .init("tier", .string(tier.tier.text)), .init("requests", .integer(earnings.requests)),
                .init("unpriced", .integer(earnings.unpriced)),
                .init("revenue", amount(earnings.unpriced < earnings.requests ? earnings.amount : nil)),
            ])
        }
        return .object([
            .init("engines", amount(money.engines)), .init("revenue", amount(money.revenue)),
            .init("margin", amount(money.margin)), .init("tiers", .array(tiers)),
        ])
    }

    private static func times(_ times: RunFigures.Times?) -> JSONValue {
        guard let times else { return .null }
        return .object([
            .init("p50", self.milliseconds(times.p50)), .init("p90", self.milliseconds(times.p90)),
            .init("p99", self.milliseconds(times.p99)),
        ])
    }

    private static func milliseconds(_ nanoseconds: Int64) -> JSONValue { self.number(Double(nanoseconds) / 1e6, 3) }

    private static func count(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }

    /// Not a number is null: JSON has no word for it.
    private static func number(_ value: Double, _ digits: Int) -> JSONValue {
        let text = FigureText.decimal(value, digits)
        return text == "-" ? .null : .number(text)
    }
}
