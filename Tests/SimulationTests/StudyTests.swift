import Quantities
import Scheduling
import Simulation
import Testing

/// Questions, from the load to the sentence.
@Suite struct StudyTests {
    static let second: Int64 = 1_000_000_000

    static func study(perSecond: Double, objectives: [Objective] = [], lines: Int = 0) -> Study {
        var load = Load(trace: SimulationTests.trace(perSecond: perSecond, seconds: 120, output: 40))
        load.addBacklog(lines, like: load.trace.requests, window: 3_600 * Self.second)
        return Study(load, shape: .l4, duration: 120 * Self.second, seed: 1, objectives: objectives)
    }

    static func result(_ study: Study, _ runs: [RunFigures], moved: StudyResult.Moved? = nil) -> StudyResult {
        let facts = StudyResult.Facts(
            study.load, trace: "t<1>.csv", format: .azure, study: study, engine: "l4", rate: 1)
        return StudyResult(facts: facts, runs: runs, objectives: study.objectives, moved: moved)
    }

    static let balanced = Study.Policy("ebb balanced", .ebb(.balanced))

    @Test("limits are read as they are written")
    func objectives() throws {
        let objective = try #require(Objective(parsing: "ttft_p99.9=1.5s"))
        #expect(objective.limit == 1_500_000_000 && abs(objective.share - 0.999) < 1e-12)
        #expect(Objective(parsing: "gap_p50=50ms")?.limit == 50_000_000)
        for text in ["ttft_p99", "ttft_p99=5", "ttft_p0=1s", "ttft_p101=1s", "wait_p99=1s", "ttft_p99=-1s", "ttft=1s"] {
            #expect(Objective(parsing: text) == nil, "\(text)")
        }
    }

    @Test("profiles are read as they are written, limits with their commas")
    func profiles() throws {
        #expect(
            Profile.texts("protect,slo:ttft=800ms,gap=60ms,none") == ["protect", "slo:ttft=800ms,gap=60ms", "none"])
        #expect(Profile(parsing: "balanced")?.protection == .balanced)
        let slo = try #require(Profile(parsing: "slo:gap=60ms,ttft=1.5s"))
        #expect(slo.protection == .objective(firstToken: .milliseconds(1_500), gap: .milliseconds(60)))
        for text in [
            "bold", "slo", "slo:", "slo:ttft=800ms", "slo:ttft=800ms,gap=0ms", "slo:ttft=800,gap=60ms", "gap=60ms",
            "slo:ttft=1s,ttft=2s", "slo:ttft=1s,gap=60ms,e2e=9s", "slo:ttft_p99=1s,gap=60ms",
        ] {
            #expect(Profile(parsing: text) == nil, "\(text)")
        }
    }

    @Test("numbers are written for people")
    func figures() {
        #expect(FigureText.count(1_234_567) == "1,234,567" && FigureText.count(-999) == "-999")
        #expect(FigureText.decimal(0.05, 1) == "0.1" && FigureText.decimal(-1.25, 1) == "-1.3")
        #expect(FigureText.decimal(.nan, 1) == "-")
        let times: [Int64] = [9_840_000, 585_400_000, 2_314_000_000, 30_600_000_000, 312_000_000_000]
        #expect(times.map(FigureText.time) == ["9.8 ms", "585 ms", "2.31 s", "30.6 s", "312 s"])
        #expect(
            [45, 1_800, 3_502, 86_400, 3_900].map { FigureText.span($0 * Self.second) }
                == ["45 s", "30 min", "58 min 22 s", "24 h", "1 h 05 min"])
        #expect(FigureText.dollars(Money(picodollars: 833_333_333_333)) == "$0.83")
    }

    @Test("more engines hold what fewer do not, and the sentence says how many")
    func engines() throws {
        let objective = try #require(Objective(parsing: "ttft_p99=600ms"))
        var study = Self.study(perSecond: 8, objectives: [objective])
        study.engineHour = Money(dollars: 3)
        let runs = (1...4).map { study.run(Self.balanced, engines: $0) }
        #expect(!runs[0].holds && runs[3].holds)
        #expect(runs[0].isOverloaded && !runs[3].isOverloaded)
        let needed = try #require(runs.first(where: \.holds)?.engines)
        let answer = try #require(Self.result(study, runs).answers.first)
        #expect(answer.hasPrefix("Under ebb balanced \(needed) engines hold a p99 time to first token of 600 ms; "))
        #expect(runs[needed - 1].money?.engines?.decimalDollars == (needed == 3 ? "0.3" : needed == 2 ? "0.2" : "0.4"))
        let alone = Self.result(study, [runs[0]]).answers
        #expect(alone.first?.hasPrefix("Under ebb balanced 1 engine does not hold") == true)
    }

    @Test("what can wait is done within its window, and interactive requests get faster")
    func moves() throws {
        let study = Self.study(perSecond: 5)
        let move = Move(share: 0.5, tier: "2h", window: 7_200 * Self.second)
        let (load, count) = study.moved(move)
        #expect(load.trace.requests.count + load.lineCount == study.load.trace.requests.count)
        #expect(count == load.lineCount)
        let before = study.run(Self.balanced, engines: 1, name: "before")
        let after = study.run(Self.balanced, engines: 1, name: "after", load: load)
        #expect(after.batches.missed == 0 && after.batches.finished > 0)
        let (old, new) = (try #require(before[.standard]?.firstToken), try #require(after[.standard]?.firstToken))
        #expect(new.p99 < old.p99)
        let result = Self.result(
            study, [before, after], moved: .init(move: move, requests: count, before: [before], after: [after]))
        #expect(result.answers.contains { $0.contains("to 2h it takes") })
        let flex = study.moved(Move(share: 0.5, tier: .flex, window: nil))
        #expect(flex.load.trace.requests.count { $0.lane == .flex } == flex.count)
    }

    @Test("policies side by side are compared with interactive work alone")
    func comparison() throws {
        let study = Self.study(perSecond: 1, lines: 5_000)
        let policies: [Study.Policy] = [.init("alone", .alone), .init("flood", .flood), Self.balanced]
        let runs = policies.map { study.run($0, engines: 1) }
        #expect(runs.map(\.backgroundTokensPerSecond).first == 0)
        #expect(runs[1].utilisation > 0.9)
        let answers = Self.result(study, runs).answers
        #expect(answers[0].contains("as long as alone") && answers[0].contains("under flood"))
        #expect(answers[1].contains("of the background work that flood does"))
    }

    @Test("the same question gives the same page, which needs nothing from outside")
    func page() {
        func page() -> String {
            let study = Self.study(perSecond: 1, lines: 500)
            return StudyPage.html(Self.result(study, [study.run(Self.balanced, engines: 1)]))
        }
        let html = page()
        #expect(html == page())
        for banned in ["http:", "https:", "<script", "src=", "url(", "@import", "<link", "t<1>"] {
            #expect(!html.contains(banned), "\(banned)")
        }
        #expect(html.contains("t&lt;1&gt;.csv") && html.contains("prefers-color-scheme: dark"))
        #expect(html.components(of: "<svg") >= 4 && html.components(of: "<svg") == html.components(of: "</svg>"))
        #expect(!html.contains("nan") && !html.contains("inf"))
    }

    @Test("a recording is repeated with its batches to fill the time")
    func fills() {
        let batch = SimulatedBatch(
            id: "b", lines: [TraceRequest(arrival: 0, promptTokens: 1, outputTokens: 1)],
            createdAt: 5 * Self.second, deadline: 100 * Self.second)
        let recording = Recording(
            format: .ebb, trace: SimulationTests.trace(perSecond: 1, seconds: 60), batches: [batch])
        let load = Load(recording, rate: 1, seed: 1, duration: 170 * Self.second)
        #expect(abs(load.trace.requests.count - 170) <= 2)
        #expect(load.batches.map(\.id) == ["b", "b-2", "b-3"])
        #expect(load.batches.map { $0.deadline - $0.createdAt } == [95, 95, 95].map { $0 * Self.second })
        #expect(Load(recording, rate: 1, seed: 1, duration: 10 * Self.second).trace.requests.count == 10)
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { self.ranges(of: part).count }
}
