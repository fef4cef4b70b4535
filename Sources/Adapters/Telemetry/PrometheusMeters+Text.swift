import Gateway
import Quantities
import Synchronization

extension PrometheusMeters {
    /// The exposition text for `/metrics`.
    public func exposition() -> String {
        let state = self.state.withLock { $0 }
        var text = PrometheusText()
        Self.writeRequests(state, &text)
        Self.writeHistograms(state, &text)
        text.family("ebb_engine_failures_total", "counter", "Engine calls that failed, by kind.")
        for (engine, kinds) in state.engineFailures.sorted(by: { $0.key < $1.key }) {
            for (kind, count) in kinds.sorted(by: { $0.key < $1.key }) {
                text.sample("ebb_engine_failures_total", [("engine", engine), ("kind", kind)], "\(count)")
            }
        }
        text.family("ebb_batch_lines_total", "counter", "Batch lines that reached a final state.")
        for (key, count) in state.lines.sorted(by: { ($0.key.model, $0.key.tier) < ($1.key.model, $1.key.tier) }) {
            text.sample("ebb_batch_lines_total", [("model", key.model), ("outcome", key.tier)], "\(count)")
        }
        text.family(
            "ebb_line_prompt_tokens_total", "counter",
            "Prompt tokens of batch lines: computed, cached, and the least that had to be computed.")
        for (kind, tokens) in state.prompts.kinds {
            text.sample("ebb_line_prompt_tokens_total", [("kind", kind)], "\(tokens)")
        }
        for counter in CounterName.allCases {
            text.family(counter.metricName, "counter", counter.help)
            // A rate over a counter that begins at its first event does not see that event.
            var counts = Dictionary(uniqueKeysWithValues: counter.words.map { ($0, Int64(0)) })
            counts.merge(state.counters[counter] ?? [:]) { $1 }
            for (word, count) in counts.sorted(by: { $0.key < $1.key }) {
                text.sample(counter.metricName, [(counter.label, word)], "\(count)")
            }
        }
        for gauge in GaugeName.allCases {
            text.family(gauge.metricName, "gauge", gauge.help)
            text.sample(gauge.metricName, [], "\(state.gauges[gauge] ?? 0)")
        }
        return text.text
    }

    private static func writeRequests(_ state: State, _ text: inout PrometheusText) {
        let series = state.series.sorted { ($0.key.model, $0.key.tier) < ($1.key.model, $1.key.tier) }
        func labels(_ key: SeriesKey) -> [(String, String)] { [("model", key.model), ("tier", key.tier)] }
        text.family("ebb_requests_total", "counter", "Requests that ended, by outcome.")
        for (key, value) in series {
            for (outcome, count) in value.outcomes.sorted(by: { $0.key < $1.key }) {
                text.sample("ebb_requests_total", labels(key) + [("outcome", outcome)], "\(count)")
            }
        }
        text.family("ebb_requests_in_flight", "gauge", "Requests that have begun and not ended.")
        for (key, value) in series {
            text.sample("ebb_requests_in_flight", labels(key), "\(value.started - value.ended)")
        }
        text.family("ebb_tokens_total", "counter", "Tokens by kind; cached is part of input, reasoning of output.")
        for (key, value) in series {
            let kinds = [
                ("input", value.input), ("cached_input", value.cached), ("output", value.output),
                ("reasoning_output", value.reasoning),
            ]
            for (kind, count) in kinds { text.sample("ebb_tokens_total", labels(key) + [("kind", kind)], "\(count)") }
        }
        text.family("ebb_cost_usd_total", "counter", "Charged dollars, for display; the ledger is exact.")
        for (key, value) in series {
            text.sample("ebb_cost_usd_total", labels(key), "\(Double(value.picodollars) / 1e12)")
        }
        text.family("ebb_unpriced_requests_total", "counter", "Requests whose model and tier have no price.")
        for (key, value) in series { text.sample("ebb_unpriced_requests_total", labels(key), "\(value.unpriced)") }
    }

    private static func writeHistograms(_ state: State, _ text: inout PrometheusText) {
        let series = state.series.sorted { ($0.key.model, $0.key.tier) < ($1.key.model, $1.key.tier) }
        text.family("ebb_time_to_first_token_seconds", "histogram", "From arrival to the answer's first bytes.")
        for (key, value) in series where value.firstToken.count > 0 {
            text.histogram(
                "ebb_time_to_first_token_seconds", [("model", key.model), ("tier", key.tier)], value.firstToken)
        }
        text.family("ebb_request_duration_seconds", "histogram", "From arrival to the durable end.")
        for (key, value) in series where value.duration.count > 0 {
            text.histogram("ebb_request_duration_seconds", [("model", key.model), ("tier", key.tier)], value.duration)
        }
        let tiers = state.tiers.sorted { $0.key < $1.key }
        func write(_ name: String, _ help: String, _ histogram: (TierSeries) -> Histogram) {
            text.family(name, "histogram", help)
            for (tier, value) in tiers where histogram(value).count > 0 {
                text.histogram(name, [("tier", tier)], histogram(value))
            }
        }
        write("ebb_queue_wait_seconds", "Time that ended requests waited for places in all.") { $0.wait }
        write(
            "ebb_queue_wait_predicted_seconds",
            "Wait foretold at arrival, of ended requests that found others before them."
        ) { $0.predictedWait }
        write("ebb_inter_token_gap_seconds", "Time between two reads of an engine's stream, a sample.") { $0.gap }
        text.family("ebb_commit_group_size", "histogram", "Entries that shared one commit.")
        text.histogram("ebb_commit_group_size", [], state.groupSize)
        text.family("ebb_commit_seconds", "histogram", "Time of one group commit, fsync included.")
        text.histogram("ebb_commit_seconds", [], state.groupSeconds)
    }
}

extension PromptTokens {
    /// By the words of the label `kind`.
    var kinds: [(String, Int64)] { [("computed", self.computed), ("cached", self.cached), ("least", self.least)] }
}

extension GaugeName {
    var metricName: String {
        switch self {
        case .batchesRunning: "ebb_batches_running"
        case .storeFailing: "ebb_store_failing"
        }
    }

    var help: String {
        switch self {
        case .batchesRunning: "Batches in progress or cancelling."
        case .storeFailing: "1 while the data folder cannot be written, and nothing is sent to engines."
        }
    }
}

extension CounterName {
    var metricName: String {
        switch self {
        case .rejected: "ebb_rejected_requests_total"
        case .batchesEnded: "ebb_batches_ended_total"
        case .batchesRecovered: "ebb_batches_recovered_total"
        case .attemptsWithoutResult: "ebb_batch_attempts_without_result_total"
        case .tracesLost: "ebb_lost_traces_total"
        }
    }

    var label: String {
        switch self {
        case .rejected: "code"
        case .batchesEnded: "status"
        case .batchesRecovered, .attemptsWithoutResult, .tracesLost: "reason"
        }
    }

    /// Values of the label that are there from the start; where there may be others, the usual ones.
    var words: [String] {
        switch self {
        case .rejected: ["model_not_found", "resource_unavailable", "server_is_overloaded"]
        case .batchesEnded: ["cancelled", "completed", "expired", "failed"]
        case .batchesRecovered: ["restart", "store_failure"]
        case .attemptsWithoutResult:
            ["duplicate", "late", "not_recorded", "preempted", "put_back", "retried", "stale"]
        // Most gateways send none.
        case .tracesLost: []
        }
    }

    var help: String {
        switch self {
        case .rejected: "Requests that the gateway refused by itself, by the error's code."
        case .batchesEnded: "Batches that ended; expired ones missed their deadline."
        case .batchesRecovered: "Batches that were taken up again."
        case .attemptsWithoutResult: "Attempts at lines that left no result; the line runs again or has one already."
        case .tracesLost: "Requests and lines whose spans did not reach the collector."
        }
    }
}
