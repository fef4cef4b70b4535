import Foundation
import Gateway
import Ledger
import Quantities
import Scheduling
import Telemetry
import Testing

@Suite("The text of /metrics") struct ExpositionTests {
    private static let start = Instant(seconds: 1_000)

    /// A scheduler with an engine that is full, work in every lane and a batch.
    private static func busy(batches: Int = 1) -> SchedulerSnapshot {
        var scheduler = Scheduler(now: Self.start)
        var actions: [SchedulerAction] = []
        func tell(_ event: SchedulerEvent, _ second: Int64 = 0) {
            scheduler.handle(event, now: Instant(seconds: 1_000 + second), into: &actions)
        }
        tell(.engine(EngineProfile(id: "own \"one\"", limitStart: 2, limitMax: 2, isFixed: true)))
        tell(.pool(PoolID("m"), ["own \"one\""]))
        for (number, lane) in [Lane.flex, .flex, .standard, .standard, .standard, .priority].enumerated() {
            var request = WorkRequest(
                key: WorkKey(UInt64(number)), lane: lane, project: "proj_a", pool: PoolID("m"), promptTokens: 100,
                outputTokens: 100, patience: .seconds(900), giveUpAt: Instant(seconds: 9_000))
            if number == 1 { request.tier = "slow" }
            tell(.arrive(request), 1)
        }
        for number in 0..<batches {
            var offer = BatchOffer(
                batch: BatchID("batch_\(number)"), project: "proj_a", pool: PoolID("m"),
                deadline: Instant(seconds: 2_000), linesLeft: 7, promptTokens: 10, outputTokens: 10)
            offer.tier = "8h"
            tell(.offer(offer), 2)
        }
        tell(.sample("own \"one\"", EngineSample(waiting: 1, running: 2, at: Instant(seconds: 1_001))), 3)
        tell(.tick, 3)
        return SchedulerSnapshot(scheduler, now: Instant(seconds: 1_004))
    }

    /// Three dollars that became one, two that are reserved, and one that became four.
    private static func holds() -> HoldTurnover {
        var book = HoldBook<ProjectID>()
        book.open("proj_a", cap: Money(dollars: 100), spent: .zero)
        for (id, dollars) in [("req_1", Int64(3)), ("req_2", 2), ("req_3", 1)] {
            _ = try? book.place(RequestID(id), on: "proj_a", amount: Money(dollars: dollars))
        }
        _ = try? book.settle("req_1", on: "proj_a", actual: Money(dollars: 1))
        _ = try? book.settle("req_3", on: "proj_a", actual: Money(dollars: 4))
        return book.turnover
    }

    private static func used() -> PrometheusMeters {
        let meters = PrometheusMeters()
        for (model, tier) in [("a", TierName.standard), ("b\\\n\"", .flex)] {
            meters.requestStarted(model: model, tier: tier)
            var facts = FinishedRequest(
                model: model, tier: tier, outcome: "answered", usage: TokenUsage(input: 3, output: 2),
                amount: Money(picodollars: 5), seconds: 1.5, firstTokenSeconds: 0.2)
            facts.waitSeconds = 0.7
            facts.predictedWaitSeconds = 0.5
            meters.requestFinished(facts)
            meters.gap(tier: tier, seconds: 0.03)
        }
        meters.engineFailed(engine: "e", kind: "fault")
        meters.batchLine(model: "a", outcome: "completed")
        meters.committed(group: 3, seconds: 0.01)
        meters.count(.rejected, "resource_unavailable")
        meters.count(.batchesEnded, "expired")
        meters.count(.batchesRecovered, "restart")
        meters.count(.attemptsWithoutResult, "duplicate")
        var line = Charge(
            request: "req_1", project: "proj_a", endpoint: "/v1/embeddings", engine: "e", requestedModel: "a",
            servedModel: "a", servedTier: .batch, startedAt: Self.start, finishedAt: Self.start,
            usage: TokenUsage(input: 9, cachedInput: 4, output: 1), amount: nil, listAmount: nil, priceVersion: "",
            outcome: .answered)
        line.line = 0
        meters.charged(line)
        meters.promptEnded(PromptTokens(computed: 10, cached: 0, least: 10))
        meters.promptEnded(PromptTokens(computed: 2, cached: 3, least: 0))
        return meters
    }

    private static func text(_ meters: PrometheusMeters, batches: Int = 1) -> String {
        let prompts = (0..<batches).map {
            (BatchID("batch_\($0)"), PromptTokens(computed: 5, cached: 6, least: 4))
        }
        return meters.exposition(
            Self.busy(batches: batches), holds: Self.holds(),
            prompts: Dictionary(uniqueKeysWithValues: prompts))
    }

    @Test("keeps the rules of the format, empty and full")
    func rules() {
        #expect(ExpositionRules.violations(Self.text(Self.used())) == [])
        let idle = SchedulerSnapshot(Scheduler(now: Self.start), now: Self.start)
        #expect(
            ExpositionRules.violations(PrometheusMeters().exposition(idle, holds: Self.holds(), prompts: [:])) == [])
    }

    @Test("the check of the rules finds what breaks them")
    func rulesBite() {
        for wrong in [
            "ebb_a 1\n", "# HELP ebb_a x\n# TYPE ebb_a counter\nebb_a 1\n",
            "# HELP ebb_a_ms x\n# TYPE ebb_a_ms gauge\nebb_a_ms 1\n",
            "# HELP ebb_a x\n# TYPE ebb_a gauge\nebb_a 1\nebb_a 1\n",
            "# HELP ebb_a x\n# TYPE ebb_a gauge\nebb_a{b=\"c\"d\"} 1\n",
            "# HELP ebb_a x\n# TYPE ebb_a gauge\nebb_a 1",
        ] { #expect(ExpositionRules.violations(wrong) != [], "\(wrong)") }
    }

    @Test("says how lanes, engines and batches stand")
    func figures() {
        let text = Self.text(Self.used())
        for line in [
            // The flex requests that had the places made room for three interactive ones at two places.
            #"ebb_queue_depth{lane="flex",tier="flex"} 1"#, #"ebb_queue_depth{lane="flex",tier="slow"} 1"#,
            #"ebb_queue_depth{lane="standard",tier="default"} 1"#,
            #"ebb_queue_depth{lane="priority",tier="priority"} 1"#,
            #"ebb_queue_depth{lane="batch",tier="8h"} 7"#, #"ebb_queue_depth{lane="batch",tier="batch"} 0"#,
            #"ebb_line_prompt_tokens_total{kind="computed"} 12"#, #"ebb_line_prompt_tokens_total{kind="cached"} 3"#,
            #"ebb_line_prompt_tokens_total{kind="least"} 10"#,
            #"ebb_batch_prompt_tokens{batch="batch_0",kind="computed"} 5"#,
            #"ebb_batch_prompt_tokens{batch="batch_0",kind="least"} 4"#,
            #"ebb_preemptions_total{lane="flex",cause="standard"} 2"#,
            #"ebb_preemptions_total{lane="flex",cause="priority"} 0"#,
            #"ebb_wasted_tokens_total{lane="flex",cause="preempted"} 0"#,
            #"ebb_engine_utilisation_ratio{engine="own \"one\""} 1.0"#,
            #"ebb_rejected_requests_total{code="resource_unavailable"} 1"#,
            #"ebb_batches_ended_total{status="expired"} 1"#, #"ebb_batches_recovered_total{reason="restart"} 1"#,
            #"ebb_batch_attempts_without_result_total{reason="duplicate"} 1"#,
            #"ebb_tokens_total{model="a",tier="batch",kind="cached_input"} 4"#,
            #"ebb_unpriced_requests_total{model="a",tier="batch"} 1"#, "ebb_holds_open 1",
            "ebb_holds_open_usd 2.0", "ebb_holds_placed_usd_total 6.0", "ebb_holds_settled_usd_total 5.0",
            "ebb_holds_exceeded_total 1",
            #"ebb_engine_in_flight{engine="own \"one\"",lane="standard"} 2"#,
            #"ebb_engine_limit{engine="own \"one\""} 2"#, #"ebb_engine_available{engine="own \"one\""} 1"#,
            #"ebb_engine_refusing{engine="own \"one\""} 0"#,
            #"ebb_engine_limit_source{engine="own \"one\"",source="fixed"} 1"#,
            #"ebb_engine_metrics_age_seconds{engine="own \"one\""} 3.0"#,
            #"ebb_batch_deadline_load{batch="batch_0"} 0.0"#, "ebb_scheduler_violations_total 0",
            #"ebb_queue_wait_seconds_count{tier="flex"} 1"#, #"ebb_queue_wait_seconds_sum{tier="flex"} 0.7"#,
            #"ebb_queue_wait_predicted_seconds_sum{tier="default"} 0.5"#,
            #"ebb_inter_token_gap_seconds_bucket{tier="default",le="0.03"} 1"#,
            #"ebb_time_to_first_token_seconds_count{model="a",tier="default"} 1"#,
            #"ebb_requests_total{model="a",tier="default",outcome="answered"} 1"#,
            #"ebb_request_duration_seconds_sum{model="a",tier="default"} 1.5"#,
            #"ebb_time_to_first_token_seconds_sum{model="a",tier="default"} 0.2"#,
            #"ebb_batch_lines_total{model="a",outcome="completed"} 1"#,
            "ebb_commit_group_size_sum 3.0", "ebb_commit_seconds_sum 0.01",
        ] { #expect(text.contains(line + "\n"), "\(line)\n\(text)") }
        for lane in ["standard", "batch"] {
            #expect(text.contains(#"ebb_project_service_units{lane="\#(lane)",project="proj_a"} "#), "\(text)")
        }
    }

    /// What one engine with 32 places and four seconds of work look like: figures that differ from one another.
    private static func various() -> SchedulerSnapshot {
        var scheduler = Scheduler(now: Self.start)
        var actions: [SchedulerAction] = []
        func tell(_ event: SchedulerEvent, _ second: Int64 = 0) {
            scheduler.handle(event, now: Instant(seconds: 1_000 + second), into: &actions)
        }
        tell(.engine(EngineProfile(id: "e", limitStart: 32, limitMax: 32, isFixed: true)))
        for pool in [PoolID("m"), PoolID("late")] { tell(.pool(pool, ["e"])) }
        func arrive(_ keys: ClosedRange<UInt64>, _ lane: Lane, pool: String = "m", fallsBack: Bool = false) {
            for key in keys {
                var request = WorkRequest(
                    key: WorkKey(key), lane: lane, project: "proj_a", pool: PoolID(pool), promptTokens: 100,
                    outputTokens: 100, patience: .seconds(900), giveUpAt: Instant(seconds: 9_000))
                request.fallsBack = fallsBack
                tell(.arrive(request))
            }
        }
        arrive(1...5, .standard)
        arrive(6...7, .flex)
        arrive(8...10, .flex, pool: "unknown")
        arrive(11...14, .standard, pool: "unknown", fallsBack: true)
        for key in 1...7 as ClosedRange<UInt64> { tell(.firstToken(WorkKey(key)), 1) }
        func offer(_ batch: BatchID, _ project: ProjectID, pool: String = "m", deadline: Int64 = 90_000) {
            tell(
                .offer(
                    BatchOffer(
                        batch: batch, project: project, pool: PoolID(pool), deadline: Instant(seconds: deadline),
                        linesLeft: 100, promptTokens: 10, outputTokens: 10)), 2)
        }
        offer("batch_a", "proj_a")
        tell(
            .lineStarted(
                BatchLine(
                    key: WorkKey(20), batch: "batch_a", engine: "e", promptTokens: 17, outputTokens: 1)), 2)
        offer("batch_b", "proj_b")
        tell(.heldModel(PoolID("late"), "e", until: Instant(seconds: 4_000)), 2)
        // Opens ten minutes before its deadline: it does not wait for that, though no load is known.
        offer("batch_late", "proj_b", pool: "late", deadline: 4_602)
        tell(.finished(WorkKey(1), WorkUsage(computedTokens: 100, outputTokens: 70)), 3)
        return SchedulerSnapshot(scheduler, now: Instant(seconds: 1_004))
    }

    @Test("no figure stands under the name of another")
    func names() {
        let text = PrometheusMeters().exposition(Self.various(), holds: Self.holds(), prompts: [:])
        for line in [
            #"ebb_engine_limit{engine="e"} 32"#, #"ebb_engine_background_limit{engine="e"} 4"#,
            #"ebb_engine_reserve{engine="e"} 2"#,
            #"ebb_dispatched_total{lane="standard"} 5"#, #"ebb_dispatched_total{lane="flex"} 2"#,
            #"ebb_dispatched_total{lane="batch"} 1"#,
            #"ebb_lane_in_flight{lane="standard"} 4"#, #"ebb_lane_in_flight{lane="flex"} 2"#,
            #"ebb_refused_total{lane="flex"} 3"#, #"ebb_refused_total{lane="standard"} 0"#,
            #"ebb_fallbacks_total{lane="standard"} 4"#, #"ebb_fallbacks_total{lane="flex"} 0"#,
            #"ebb_output_tokens_per_second{lane="standard"} 5.0"#,
            // The newcomer begins one unit below what the other has had: a prompt of 17 tokens.
            #"ebb_service_spread{lane="batch"} 1.0"#, "ebb_promotions_total 1",
            #"ebb_project_service_units{lane="batch",project="proj_a"} 17.0"#,
            #"ebb_project_service_units{lane="batch",project="proj_b"} 16.0"#,
            #"ebb_batch_deadline_load{batch="batch_late"} 0.0"#,
        ] { #expect(text.contains(line + "\n"), "\(line)\n\(text)") }
        #expect(!text.contains("ebb_batch_deadline_slack_seconds{"), "\(text)")
    }

    @Test("a deadline's load and slack are told once a rate is known")
    func deadlines() throws {
        var scheduler = Scheduler(now: Self.start)
        var actions: [SchedulerAction] = []
        scheduler.handle(
            .engine(EngineProfile(id: "e", limitStart: 1, limitMax: 1, isFixed: true)), now: Self.start, into: &actions)
        scheduler.handle(.pool(PoolID("m"), ["e"]), now: Self.start, into: &actions)
        // A line of 300 units each second, and 400 lines in ten minutes.
        for second in 0..<60 {
            let now = Self.start.advanced(by: .seconds(second))
            let offer = BatchOffer(
                batch: "batch_a", project: "proj_a", pool: PoolID("m"),
                deadline: Self.start.advanced(by: .seconds(600)), linesLeft: 400 - second, promptTokens: 100,
                outputTokens: 100)
            let line = BatchLine(
                key: WorkKey(UInt64(second)), batch: "batch_a", engine: "e", promptTokens: 100, outputTokens: 100)
            for event in [
                .offer(offer), .lineStarted(line),
                .finished(line.key, WorkUsage(computedTokens: 100, outputTokens: 100)), .tick,
            ] as [SchedulerEvent] { scheduler.handle(event, now: now, into: &actions) }
        }
        let now = Self.start.advanced(by: .seconds(60))
        let snapshot = SchedulerSnapshot(scheduler, now: now)
        let text = PrometheusMeters().exposition(snapshot, holds: Self.holds(), prompts: [:])
        func figure(_ name: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name){batch=\"batch_a\"} ") })
            return try #require(line.split(separator: " ").last.flatMap { Double($0) })
        }
        let load = try figure("ebb_batch_deadline_load")
        #expect(load > 0.6 && load < 0.8)
        #expect(abs(try figure("ebb_batch_deadline_slack_seconds") - 540 * (1 - load)) < 1e-6)
    }

    @Test("the guide's table has every family, and no other")
    func documented() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let guide = try String(
            contentsOfFile: root.joined(separator: "/") + "/docs/guides/observing.md", encoding: .utf8)
        let table = guide.split(separator: "\n").filter { $0.hasPrefix("| `ebb_") }
        let told = table.flatMap { row in
            row.split(separator: "|")[0].matches(of: #/`(ebb_[a-z_]+)`/#).map { String($0.1) }
        }
        let families = Self.text(Self.used()).split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
            String($0.split(separator: " ")[2])
        }
        #expect(told.sorted() == families.sorted())
    }

    @Test("counters are there with 0 before anything has happened")
    func zeros() {
        let text = PrometheusMeters().exposition()
        for line in [
            #"ebb_batches_ended_total{status="expired"} 0"#, #"ebb_batches_recovered_total{reason="restart"} 0"#,
            #"ebb_rejected_requests_total{code="resource_unavailable"} 0"#,
        ] { #expect(text.contains(line + "\n"), "\(line)\n\(text)") }
    }

    @Test("a request that ends in another tier than it began in is not in flight in either")
    func fallback() {
        let meters = PrometheusMeters()
        meters.requestStarted(model: "a", tier: .flex)
        var facts = FinishedRequest(
            model: "a", tier: .standard, outcome: "answered", usage: .zero, amount: nil, seconds: 1,
            firstTokenSeconds: nil)
        facts.tierAtArrival = .flex
        meters.requestFinished(facts)
        let text = meters.exposition()
        for tier in ["flex", "default"] {
            #expect(text.contains(#"ebb_requests_in_flight{model="a",tier="\#(tier)"} 0"# + "\n"), "\(text)")
        }
    }

    @Test("label sets are bounded: batches, and tiers that bought engines name")
    func bounds() {
        let meters = PrometheusMeters()
        for number in 0..<200 { meters.gap(tier: TierName("tier-\(number)"), seconds: 1) }
        let text = Self.text(meters, batches: 200)
        let lines = text.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("ebb_batch_deadline_load{") }.count == 50)
        #expect(lines.filter { $0.hasPrefix("ebb_batch_prompt_tokens{") }.count == 3 * 50)
        #expect(lines.filter { $0.hasPrefix("ebb_inter_token_gap_seconds_count{") }.count == 51)
        #expect(text.contains(#"ebb_inter_token_gap_seconds_count{tier="other"} 150"#))
    }
}
