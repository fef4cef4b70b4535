import Scheduling

/// The plots of a page.
struct StudyDrawing {
    struct Series {
        let run: RunFigures
        let name: String
        let colour: Int
    }

    let result: StudyResult
    let series: [Series]

    init(_ result: StudyResult) {
        self.result = result
        // The name's own colour where it is known, else one that is left.
        let known = ["alone": 0, "ebb balanced": 1, "flood": 2, "engine-priority": 3, "before": 3, "after": 1]
        let isSweep = result.isSweep
        var free = isSweep ? [1, 3, 4, 5, 6, 7, 2, 0] : [4, 5, 6, 7]
        self.series = result.runs.prefix(StudyPage.drawnMax).map { run in
            let colour = isSweep ? nil : known[run.name]
            let name = isSweep ? "\(run.name), \(StudyResult.engines(run.engines))" : run.name
            return Series(run: run, name: name, colour: colour ?? (free.isEmpty ? 0 : free.removeFirst()))
        }
    }

    var sections: String {
        self.paired(self.objectives) + self.firstTokens
            + self.paired(self.hasBackground ? [self.waiting, self.background] : [self.waiting]) + self.ranges
    }

    private var hasBackground: Bool { self.series.contains { $0.run.backgroundTokensPerSecond > 0 } }

    /// Two beside each other where there is room.
    private func paired(_ sections: [String]) -> String {
        sections.count < 2 ? sections.joined() : "<div class=\"pair\">\n\(sections.joined())</div>\n"
    }

    private typealias Key = (name: String, colour: Int)

    /// - Parameter legend: nil: all series.
    private func section(_ title: String, note: String, legend: [Key]? = nil, _ body: String) -> String {
        var text = "<section>\n<h2>\(HTML.escaped(title))</h2>\n<p class=\"note\">\(HTML.escaped(note))</p>\n"
        let keys = legend ?? self.series.map { ($0.name, $0.colour) }
        if keys.count > 1 {
            text += "<ul class=\"legend\">"
            for key in keys { text += "<li><i class=\"c\(key.colour)\"></i>\(HTML.escaped(key.name))</li>" }
            text += "</ul>\n"
        }
        return text + body + "</section>\n"
    }

    /// Share of requests against time, with as much room for the slowest hundredth as for all others.
    private var firstTokens: String {
        let drawn = self.series.filter { !$0.run.curves.firstTokens.isEmpty }
        guard let points = drawn.first?.run.curves.firstTokens.count else { return "" }
        let nine = Double(RunCurves.pointsPerNine)
        let ticks = [(0.0, "0"), (0.301_03, "50 %"), (1, "90 %"), (2, "99 %"), (3, "99.9 %")]
        let across = PlotScale(
            kind: .linear, low: 0, high: Double(points - 1) / nine, ticks: ticks.map { .init(value: $0.0, text: $0.1) })
        let limits = self.result.objectives.filter { $0.measure == .firstToken }
        var plot = Plot(
            "Time to first token", across: across, acrossTitle: "share of interactive requests that were as fast",
            up: PlotScale.times(drawn.flatMap(\.run.curves.firstTokens) + limits.map(\.limit)),
            upTitle: "time to first token", height: 340)
        for limit in limits {
            plot.limit(Double(limit.limit), words: "\(limit.percentile) at most \(FigureText.time(limit.limit))")
        }
        for one in drawn {
            let line = one.run.curves.firstTokens.enumerated().map {
                (x: Double($0.offset) / nine, y: Double($0.element))
            }
            plot.line(line, series: one.colour, name: one.name)
        }
        return self.section(
            "Time to first token",
            note: "Lower is better. Each step to the right is the next nine: what the slowest feel.",
            plot.svg)
    }

    private func overTime(
        _ title: String, note: String, upTitle: String, up: PlotScale, _ values: (RunCurves) -> [Double]
    ) -> String {
        let seconds = Double(self.result.facts.duration) / 1e9
        var plot = Plot(
            title, across: .clock(seconds), acrossTitle: "simulated time", up: up, upTitle: upTitle,
            width: self.hasBackground ? Plot.widthHalf : Plot.widthWhole, height: 300)
        for one in self.series {
            let bin = Double(one.run.curves.binSeconds)
            let line = values(one.run.curves).enumerated().map { (x: (Double($0.offset) + 0.5) * bin, y: $0.element) }
            plot.line(line, series: one.colour, name: one.name)
        }
        return self.section(title, note: note, plot.svg)
    }

    private var waiting: String {
        let most = self.series.map { $0.run.curves.waiting.max() ?? 0 }.max() ?? 0
        return self.overTime(
            "Queue", note: "Interactive requests without a first token, the most at a time.", upTitle: "requests",
            up: .queue(upTo: most)
        ) { $0.waiting.map { Double($0 + 1) } }
    }

    private var background: String {
        let most = self.series.map { $0.run.curves.background.max() ?? 0 }.max() ?? 0
        return self.overTime(
            "Background work", note: "Output tokens of flex and batch work per second.",
            upTitle: "tokens/s", up: .counts(upTo: most), \.background)
    }

    /// What the objectives measure against the number of engines.
    private var objectives: [String] {
        guard self.result.isSweep else { return [] }
        var keys: [Key] = []
        for run in self.result.runs where !keys.contains(where: { $0.name == run.name }) {
            keys.append((run.name, [1, 3, 4, 5, 6, 7, 2, 0][keys.count % 8]))
        }
        let counts = Set(self.result.runs.map(\.engines)).sorted()
        let across = PlotScale(
            kind: .linear, low: Double(counts.first ?? 1) - 0.5, high: Double(counts.last ?? 1) + 0.5,
            ticks: counts.map { .init(value: Double($0), text: String($0)) })
        return self.result.objectives.indices.map { self.objective($0, keys, across) }
    }

    private func objective(_ index: Int, _ keys: [Key], _ across: PlotScale) -> String {
        let objective = self.result.objectives[index]
        let values = self.result.runs.compactMap { $0.reached[index].value }
        let title = "\(objective.percentile) \(objective.measure.words) by number of engines"
        var plot = Plot(
            title, across: across, acrossTitle: "engines", up: .times(values + [objective.limit]), upTitle: "time",
            width: self.result.objectives.count > 1 ? Plot.widthHalf : Plot.widthWhole)
        plot.limit(Double(objective.limit), words: "at most \(FigureText.time(objective.limit))")
        for key in keys {
            let line = self.result.runs.filter { $0.name == key.name }.compactMap { run in
                run.reached[index].value.map { (x: Double(run.engines), y: Double($0)) }
            }
            plot.line(line, series: key.colour, name: key.name, hasDots: true)
        }
        return self.section(title, note: "On or below the dashed line it is held.", legend: keys, plot.svg)
    }

    /// p50, p90 and p99 of each tier and run on one line.
    private var ranges: String {
        let first = RangePlot(
            rows: self.rows(\.firstToken), title: "Time to first token by tier"
        ).svg
        let gap = RangePlot(rows: self.rows(\.gap), title: "Time between tokens by tier").svg
        var text = ""
        let note = "From the median (dot) over p90 (ring) to p99 (end of the line)."
        if let first { text += self.section("Time to first token by tier", note: note, legend: [], first) }
        if let gap { text += self.section("Time between tokens by tier", note: note, legend: [], gap) }
        return text
    }

    private func rows(_ times: (RunFigures.LaneFigures) -> RunFigures.Times?) -> [RangePlot.Row] {
        Lane.allCases.flatMap { lane in
            self.series.compactMap { one in
                guard let figures = one.run[lane], let found = times(figures) else { return nil }
                return RangePlot.Row(tier: figures.name, name: one.name, colour: one.colour, times: found)
            }
        }
    }
}
