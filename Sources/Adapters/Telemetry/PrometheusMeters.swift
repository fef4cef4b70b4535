public import Gateway
public import Ledger
public import Quantities
import Synchronization

/// The metrics of one process, kept in memory and written on request.
///
/// Label values that clients choose (model names) are bounded: beyond `seriesMax` they count as `other`.
public final class PrometheusMeters: Meters {
    static let seriesMax = 500

    struct SeriesKey: Hashable {
        let model: String
        let tier: String
    }

    struct Series {
        var started: Int64 = 0
        /// Of those that were started in this series; the tier that serves may be another.
        var ended: Int64 = 0
        var outcomes: [String: Int64] = [:]
        var input: Int64 = 0
        var cached: Int64 = 0
        var output: Int64 = 0
        var reasoning: Int64 = 0
        var picodollars: Int128 = 0
        var unpriced: Int64 = 0
        var duration = Histogram(bounds: Histogram.secondsBounds)
        var firstToken = Histogram(bounds: Histogram.secondsBounds)
    }

    /// Waits and gaps; tiers are an operator's rows, models are not told apart.
    struct TierSeries {
        var wait = Histogram(bounds: Histogram.secondsBounds)
        var predictedWait = Histogram(bounds: Histogram.secondsBounds)
        var gap = Histogram(bounds: Histogram.gapBounds)
    }

    struct State {
        var tiers: [String: TierSeries] = [:]
        var series: [SeriesKey: Series] = [:]
        var engineFailures: [String: [String: Int64]] = [:]
        var lines: [SeriesKey: Int64] = [:]
        var groupSize = Histogram(bounds: Histogram.groupBounds)
        var groupSeconds = Histogram(bounds: Histogram.secondsBounds)
        var gauges: [GaugeName: Double] = [:]
        var counters: [CounterName: [String: Int64]] = [:]
        var prompts = PromptTokens.zero
    }

    let state = Mutex(State())

    public init() {}

    private static func withSeries(
        _ state: inout State, _ model: String, _ tier: TierName, _ change: (inout Series) -> Void
    ) {
        let key = SeriesKey(model: model, tier: tier.text)
        if let place = state.series.index(forKey: key) { return change(&state.series.values[place]) }
        if state.series.count < Self.seriesMax { return change(&state.series[key, default: Series()]) }
        // Sellers name tiers, too: these are as many as they like.
        let known = state.series.index(forKey: SeriesKey(model: "other", tier: tier.text)) != nil
        let rest = known || state.series.count < Self.seriesMax + Self.tiersMax ? tier.text : "other"
        change(&state.series[SeriesKey(model: "other", tier: rest), default: Series()])
    }

    public func requestStarted(model: String, tier: TierName) {
        self.state.withLock { state in Self.withSeries(&state, model, tier) { $0.started += 1 } }
    }

    public func requestFinished(_ facts: FinishedRequest) {
        self.state.withLock { state in
            Self.withSeries(&state, facts.model, facts.tier) { self.count(facts, in: &$0) }
            Self.withSeries(&state, facts.model, facts.tierAtArrival ?? facts.tier) { $0.ended += 1 }
            Self.withTier(&state, facts.tier) { tier in
                tier.wait.observe(facts.waitSeconds)
                if let predicted = facts.predictedWaitSeconds { tier.predictedWait.observe(predicted) }
            }
        }
    }

    /// Bought engines name the tier that served: beyond `tiersMax` names they count as `other`.
    static let tiersMax = 50

    private static func withTier(_ state: inout State, _ tier: TierName, _ change: (inout TierSeries) -> Void) {
        if let place = state.tiers.index(forKey: tier.text) { return change(&state.tiers.values[place]) }
        change(&state.tiers[state.tiers.count < Self.tiersMax ? tier.text : "other", default: TierSeries()])
    }

    public func gap(tier: TierName, seconds: Double) {
        self.state.withLock { state in Self.withTier(&state, tier) { $0.gap.observe(seconds) } }
    }

    /// Values of one counter's label, at most; they are words of our own.
    static let wordsMax = 100

    public func count(_ counter: CounterName, _ label: String) {
        self.state.withLock { state in
            var words = state.counters[counter] ?? [:]
            let isKnown = words[label] != nil || words.count < Self.wordsMax
            words[isKnown ? label : "other", default: 0] += 1
            state.counters[counter] = words
        }
    }

    public func charged(_ line: Charge) {
        self.state.withLock { state in
            Self.withSeries(&state, line.requestedModel, line.servedTier) {
                Self.add(line.usage, line.amount, to: &$0)
            }
        }
    }

    private func count(_ facts: FinishedRequest, in series: inout Series) {
        series.outcomes[facts.outcome, default: 0] += 1
        Self.add(facts.usage, facts.amount, to: &series)
        series.duration.observe(facts.seconds)
        if let first = facts.firstTokenSeconds { series.firstToken.observe(first) }
    }

    private static func add(_ usage: TokenUsage, _ amount: Money?, to series: inout Series) {
        series.input += usage.input
        series.cached += usage.cachedInput
        series.output += usage.output
        series.reasoning += usage.reasoningOutput
        if let amount {
            series.picodollars += amount.picodollars
        } else if usage.total > 0 {
            series.unpriced += 1
        }
    }

    public func promptEnded(_ tokens: PromptTokens) { self.state.withLock { $0.prompts += tokens } }

    public func engineFailed(engine: EngineID, kind: String) {
        self.state.withLock { $0.engineFailures[engine.text, default: [:]][kind, default: 0] += 1 }
    }

    public func batchLine(model: String, outcome: String) {
        self.state.withLock { state in
            let known = state.lines[SeriesKey(model: model, tier: outcome)] != nil
            let name = known || state.lines.count < Self.seriesMax ? model : "other"
            state.lines[SeriesKey(model: name, tier: outcome), default: 0] += 1
        }
    }

    public func committed(group: Int, seconds: Double) {
        self.state.withLock {
            $0.groupSize.observe(Double(group))
            $0.groupSeconds.observe(seconds)
        }
    }

    public func set(gauge: GaugeName, _ value: Double) { self.state.withLock { $0.gauges[gauge] = value } }
}
