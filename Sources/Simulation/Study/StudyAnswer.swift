import Quantities
import Scheduling

/// What the figures mean, in sentences.
extension StudyResult {
    public var answers: [String] {
        var sentences: [String] = []
        if let moved {
            sentences += self.moveAnswers(moved)
        } else if self.objectives.isEmpty {
            sentences += self.isSweep ? [] : self.comparisonAnswers
        } else {
            sentences += self.objectiveAnswers
        }
        return sentences + self.warnings
    }

    // MARK: Policies side by side

    private var comparisonAnswers: [String] {
        guard let alone = self.runs.first(where: { $0.name == "alone" }),
            let undisturbed = alone[.standard]?.firstToken, undisturbed.p99 > 0
        else { return self.runs.compactMap(Self.waits) }
        let others = self.runs.filter { $0.name != "alone" && $0[.standard]?.firstToken != nil }
        guard let ebb = others.first(where: { $0.name.hasPrefix("ebb") }) ?? others.first,
            let times = ebb[.standard]?.firstToken
        else { return [Self.waits(alone)].compactMap { $0 } }
        func ratio(_ run: RunFigures) -> String {
            let ratio = Double(run[.standard]?.firstToken?.p99 ?? 0) / Double(undisturbed.p99)
            return FigureText.decimal(ratio, ratio < 9.95 ? 2 : 0) + " times"
        }
        var text = "Under \(ebb.name) the slowest hundredth of standard requests waits \(ratio(ebb)) as long as alone"
        text += " (p99 time to first token \(FigureText.time(times.p99)) against \(FigureText.time(undisturbed.p99)))"
        let rest = others.filter { $0.name != ebb.name }.map { "\(ratio($0)) under \($0.name)" }
        text += rest.isEmpty ? "." : ", \(Self.joined(rest))."
        return [text] + [self.backgroundAnswer(ebb)].compactMap { $0 }
    }

    private func backgroundAnswer(_ ebb: RunFigures) -> String? {
        guard let flood = self.runs.first(where: { $0.name == "flood" }), flood.backgroundTokensPerSecond > 0,
            ebb.name != "flood"
        else { return nil }
        let share = FigureText.decimal(100 * ebb.backgroundTokensPerSecond / flood.backgroundTokensPerSecond, 0)
        return "\(ebb.name) does \(share) % of the background work that flood does, at "
            + "\(FigureText.percent(ebb.utilisation)) utilisation."
    }

    private static func waits(_ run: RunFigures) -> String? {
        guard let times = run[.standard]?.firstToken else { return nil }
        return "Under \(run.name) half of the standard requests have their first token within "
            + "\(FigureText.time(times.p50)), 99 % within \(FigureText.time(times.p99))."
    }

    // MARK: How many engines

    private var objectiveAnswers: [String] {
        var names: [String] = []
        for run in self.runs where !names.contains(run.name) { names.append(run.name) }
        return names.map { name in
            self.objectiveAnswer(name, self.runs.filter { $0.name == name }.sorted { $0.engines < $1.engines })
        }
    }

    private var objectiveWords: String { Self.joined(self.objectives.map { "a " + $0.words }) }

    private func objectiveAnswer(_ name: String, _ runs: [RunFigures]) -> String {
        guard let enough = runs.first(where: \.holds) else {
            let most = runs.last?.engines ?? 0
            return "Under \(name) \(Self.engines(most)) \(most == 1 ? "does" : "do") not hold "
                + "\(self.objectiveWords)\(Self.shortfall(runs.last))."
        }
        let isOne = enough.engines == 1
        var text = "Under \(name) \(Self.engines(enough.engines)) \(isOne ? "holds" : "hold") \(self.objectiveWords)"
        if let less = runs.last(where: { $0.engines < enough.engines }) {
            text += "; \(less.engines) \(less.engines == 1 ? "does" : "do") not\(Self.shortfall(less))"
        }
        if let cost = enough.money?.engines {
            text += ". \(Self.engines(enough.engines)) \(isOne ? "costs" : "cost") \(FigureText.dollars(cost))"
            text += " for \(FigureText.span(self.facts.duration))"
        }
        return text + "."
    }

    /// ` (p99 time to first token 2.31 s)`
    private static func shortfall(_ run: RunFigures?) -> String {
        guard let run else { return "" }
        var parts = run.reached.filter { !$0.isHeld }.map { reached in
            let value = reached.value.map(FigureText.time) ?? "-"
            return "\(reached.objective.percentile) \(reached.objective.measure.words) \(value)"
        }
        if run.batches.missed > 0 { parts.append("\(run.batches.missed) of \(run.batches.batches) windows missed") }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    static func engines(_ count: Int) -> String { count == 1 ? "1 engine" : "\(count) engines" }

    static func joined(_ parts: [String]) -> String {
        guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " and " + last
    }

    // MARK: What if some could wait

    private func moveAnswers(_ moved: Moved) -> [String] {
        let percent = moved.move.share * 100
        let share = FigureText.decimal(percent, percent == percent.rounded() ? 0 : 1)
        let count = FigureText.count(moved.requests)
        let action = "moving \(share) % of the standard requests (\(count)) to \(moved.move.tier)"
        func need(_ engines: Int?, _ tried: [RunFigures]) -> String {
            engines.map(Self.engines) ?? "more than \(Self.engines(tried.map(\.engines).max() ?? 0))"
        }
        var text = "To hold \(self.objectiveWords) takes \(need(moved.neededBefore, moved.before)); "
        text += "after \(action) it takes \(need(moved.neededAfter, moved.after))."
        var sentences = [text]
        for (before, after) in zip(moved.before, moved.after) {
            guard let old = before[.standard]?.firstToken, let new = after[.standard]?.firstToken else { continue }
            sentences.append(
                "With \(Self.engines(before.engines)) the p99 time to first token goes from "
                    + "\(FigureText.time(old.p99)) to \(FigureText.time(new.p99)).")
            break
        }
        return sentences + [self.moveCost(moved)].compactMap { $0 }
    }

    private func moveCost(_ moved: Moved) -> String? {
        guard let before = moved.before.first(where: { $0.engines == moved.neededBefore })?.money?.engines,
            let after = moved.after.first(where: { $0.engines == moved.neededAfter })?.money?.engines
        else { return nil }
        return "Engines for \(FigureText.span(self.facts.duration)): \(FigureText.dollars(before)) before, "
            + "\(FigureText.dollars(after)) after."
    }

    // MARK: What must be known too

    private var warnings: [String] {
        var texts: [String] = []
        let measured = self.runs.first { $0.name == "alone" } ?? self.runs.first { $0.name.hasPrefix("ebb") }
        if self.moved == nil, self.objectives.isEmpty, let run = measured, run.isOverloaded {
            let waiting = run.lanes.filter(\.lane.isInteractive).reduce(0) { $0 + $1.unanswered }
            texts.append(
                "This is more traffic than \(Self.engines(run.engines)) can serve: \(FigureText.count(waiting)) "
                    + "requests still wait under \(run.name) when the simulation stops. "
                    + "Ask how many it takes: --engines 1..8 --slo ttft_p99=1s.")
        }
        for run in self.runs where run.batches.missed > 0 && self.moved == nil && self.objectives.isEmpty {
            texts.append(
                "Under \(run.name) \(run.batches.missed) of \(run.batches.batches) batches "
                    + "\(run.batches.missed == 1 ? "misses its" : "miss their") window.")
        }
        let broken = self.runs.reduce(0) { $0 + $1.violations }
        if broken > 0 { texts.append("The scheduler broke \(broken) of its own rules: please report this trace.") }
        return texts
    }
}
