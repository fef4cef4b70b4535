public import Gateway
public import Ledger
public import Quantities
import Scheduling

/// How the scheduler stands, written when somebody asks.
extension PrometheusMeters {
    /// Batches with series of their own at most: those with the highest load. The others count in the lane's figures.
    static let batchSeriesMax = 50

    /// The exposition text for `/metrics`, with the scheduler's figures.
    ///
    /// - Parameter prompts: of the batches that run.
    public func exposition(
        _ scheduler: SchedulerSnapshot, holds: HoldTurnover, prompts: [BatchID: PromptTokens]
    ) -> String {
        var text = PrometheusText()
        Self.writeHolds(holds, &text)
        Self.writeLanes(scheduler, &text)
        Self.writeEngines(scheduler, &text)
        Self.writeBatches(scheduler, prompts, &text)
        return self.exposition() + text.text
    }

    private static func writeLanes(_ scheduler: SchedulerSnapshot, _ text: inout PrometheusText) {
        func family(_ name: String, _ type: String, _ help: String, _ value: (SchedulerSnapshot.LaneStanding) -> String)
        {
            text.family(name, type, help)
            for lane in scheduler.lanes { text.sample(name, [("lane", lane.lane.word)], value(lane)) }
        }
        let done = scheduler.statistics
        let depth = "ebb_queue_depth"
        text.family(depth, "gauge", "Requests that wait for a place; in the batch lane lines not yet sent.")
        for lane in scheduler.lanes {
            for (tier, waiting) in lane.tiers {
                text.sample(depth, [("lane", lane.lane.word), ("tier", tier.text)], "\(waiting)")
            }
        }
        family("ebb_lane_in_flight", "gauge", "Requests and lines at engines now.") { "\($0.running)" }
        family("ebb_refused_total", "counter", "Requests refused for want of room.") {
            "\(done.refused[$0.lane.rawValue])"
        }
        family("ebb_fallbacks_total", "counter", "Requests that went on in another lane, as their callers wished.") {
            "\(done.fellBack[$0.lane.rawValue])"
        }
        family("ebb_dispatched_total", "counter", "Requests and lines sent to an engine, again after a preemption.") {
            "\(done.sent[$0.lane.rawValue])"
        }
        Self.writeWaste(scheduler, &text)
        family("ebb_output_tokens_per_second", "gauge", "Output tokens over the last ten to fifteen seconds.") {
            "\($0.window.tokensPerSecond(now: scheduler.at))"
        }
        family(
            "ebb_service_spread", "gauge",
            "Largest difference of weighted service, in service units, between projects whose work waits."
        ) { "\($0.spread)" }
        text.family(
            "ebb_project_service_units", "gauge", "Weighted service, in service units, of projects with work.")
        for lane in scheduler.lanes {
            for (project, service) in lane.services {
                let labels = [("lane", lane.lane.word), ("project", project.text)]
                text.sample("ebb_project_service_units", labels, "\(service)")
            }
        }
        text.family("ebb_promotions_total", "counter", "Times a batch was moved past its lane for its deadline.")
        text.sample("ebb_promotions_total", [], "\(done.promotions)")
        text.family("ebb_scheduler_violations_total", "counter", "Rules of its own that the scheduler broke.")
        text.sample("ebb_scheduler_violations_total", [], "\(scheduler.violations)")
    }

    private static func writeWaste(_ scheduler: SchedulerSnapshot, _ text: inout PrometheusText) {
        let done = scheduler.statistics
        func family(_ name: String, _ help: String, _ causes: [(String, [Int])]) {
            text.family(name, "counter", help)
            for lane in Lane.allCases {
                for (cause, counts) in causes {
                    text.sample(name, [("lane", lane.word), ("cause", cause)], "\(counts[lane.rawValue])")
                }
            }
        }
        let forStandard = zip(done.preempted, done.preemptedForPriority).map { $0 - $1 }
        family(
            "ebb_preemptions_total", "Requests and lines that made room for a request of the lane `cause`.",
            [("priority", done.preemptedForPriority), ("standard", forStandard)])
        family(
            "ebb_wasted_tokens_total", "Tokens that must be computed again: their attempt lost its place or failed.",
            [("preempted", done.tokensWastedByLane), ("failed", done.tokensFailedByLane)])
        text.family("ebb_utilisation_ratio", "gauge", "Output tokens a second over the most of the last hour.")
        if let utilisation = scheduler.utilisation { text.sample("ebb_utilisation_ratio", [], "\(utilisation)") }
    }

    private static func writeHolds(_ holds: HoldTurnover, _ text: inout PrometheusText) {
        func dollars(_ amount: Money) -> String { "\(Double(amount.picodollars) / 1e12)" }
        text.family("ebb_holds_open", "gauge", "Requests and lines that money is reserved for, under spend caps.")
        text.sample("ebb_holds_open", [], "\(holds.openCount)")
        text.family("ebb_holds_open_usd", "gauge", "Dollars reserved now.")
        text.sample("ebb_holds_open_usd", [], dollars(holds.open))
        text.family("ebb_holds_placed_usd_total", "counter", "Dollars that were reserved.")
        text.sample("ebb_holds_placed_usd_total", [], dollars(holds.placed))
        text.family("ebb_holds_settled_usd_total", "counter", "Dollars that what they were reserved for did cost.")
        text.sample("ebb_holds_settled_usd_total", [], dollars(holds.settled))
        text.family("ebb_holds_exceeded_total", "counter", "Requests and lines that cost more than was held for them.")
        text.sample("ebb_holds_exceeded_total", [], "\(holds.exceededCount)")
    }

    private static func writeEngines(_ scheduler: SchedulerSnapshot, _ text: inout PrometheusText) {
        let engines = scheduler.engines.sorted { $0.engine < $1.engine }
        func family(_ name: String, _ help: String, _ value: (EngineStanding) -> String?) {
            text.family(name, "gauge", help)
            for engine in engines {
                if let value = value(engine) { text.sample(name, [("engine", engine.engine.text)], value) }
            }
        }
        family("ebb_engine_available", "1 while requests can be sent to the engine.") { $0.isAvailable ? "1" : "0" }
        family("ebb_engine_refusing", "1 while the engine refuses all background work for want of room.") {
            $0.isRefusing ? "1" : "0"
        }
        family("ebb_engine_utilisation_ratio", "Requests and lines at the engine over its limit.") {
            "\(Double($0.inFlight) / Double(max(1, $0.limit)))"
        }
        family("ebb_engine_limit", "Requests in flight that the engine is taken to bear (L).") { "\($0.limit)" }
        family("ebb_engine_background_limit", "Flex requests and lines in flight at most (B).") {
            "\($0.backgroundLimit)"
        }
        family("ebb_engine_reserve", "Places kept free of background work (R).") { "\($0.reserve)" }
        text.family("ebb_engine_in_flight", "gauge", "Requests and lines at the engine now.")
        for engine in engines {
            for lane in Lane.allCases {
                text.sample(
                    "ebb_engine_in_flight", [("engine", engine.engine.text), ("lane", lane.word)],
                    "\(engine.inFlightByLane[lane.rawValue])")
            }
        }
        text.family("ebb_engine_limit_source", "gauge", "1 for the signal that the limit follows at present.")
        for engine in engines {
            for source in [CapacityController.Source.waiting, .firstToken, .fixed] {
                text.sample(
                    "ebb_engine_limit_source", [("engine", engine.engine.text), ("source", source.rawValue)],
                    engine.source == source ? "1" : "0")
            }
        }
        family("ebb_engine_metrics_age_seconds", "Age of the engine's own metrics; absent while it tells none.") {
            $0.sampledAt.map { "\(scheduler.at.since($0).secondsApproximate)" }
        }
    }

    private static func writeBatches(
        _ scheduler: SchedulerSnapshot, _ prompts: [BatchID: PromptTokens], _ text: inout PrometheusText
    ) {
        let batches = scheduler.batches.sorted { ($1.load, $0.batch) < ($0.load, $1.batch) }.prefix(Self.batchSeriesMax)
        text.family("ebb_batch_deadline_load", "gauge", "Work due over what can be served until then; above 1: late.")
        for batch in batches { text.sample("ebb_batch_deadline_load", [("batch", batch.batch.text)], "\(batch.load)") }
        text.family("ebb_batch_deadline_slack_seconds", "gauge", "Time left at the end at the present rate.")
        for batch in batches {
            guard let slack = batch.slack(now: scheduler.at) else { continue }
            text.sample(
                "ebb_batch_deadline_slack_seconds", [("batch", batch.batch.text)], "\(slack.secondsApproximate)")
        }
        text.family(
            "ebb_batch_prompt_tokens", "gauge",
            "Prompt tokens of a running batch's ended lines: computed, cached, and the least that had to be computed.")
        for batch in batches {
            for (kind, tokens) in prompts[batch.batch]?.kinds ?? [] {
                text.sample(
                    "ebb_batch_prompt_tokens", [("batch", batch.batch.text), ("kind", kind)], "\(tokens)")
            }
        }
    }
}
