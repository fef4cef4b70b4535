import Gateway
import Ledger
import OpenAIWire
import Pricing
import Quantities

/// What a job did and cost. Made from the stored batch and its charges, so it is the same whenever it is asked for.
struct Receipt: Sendable {
    /// How the job stands: `completed`, `expired`, `cancelled`, `cap_reached`.
    var status: String
    var batch: String
    var input: String
    var model: String
    var tier: String
    var window: String
    var lines: Int64
    var completed: Int64
    var failed: Int64
    var usage: TokenUsage
    /// nil: nothing that ran has a price.
    var charged: Money?
    /// The same usage at the standard tier.
    var standard: Money?
    var unpricedRequests: Int64
    /// Answers by the tier that served them: bought engines have their own.
    var served: [TierName: Int64]
    var quotedExpected: Money?
    var quotedMax: Money?
    var maxCost: Money?
    var startedAt: Instant
    var endedAt: Instant

    var saved: Money? {
        guard let charged, let standard else { return nil }
        return Money(picodollars: standard.picodollars - charged.picodollars)
    }
    /// Lines that have no outcome: they never ran.
    var notRun: Int64 { max(0, self.lines - self.completed - self.failed) }
    var elapsed: Duration { self.endedAt.since(self.startedAt) }

    /// How much of the input came from prompt caches, in percent with one decimal.
    private var cachedPercent: String {
        let input = self.usage.input
        return Figures.tenths(input > 0 ? Double(self.usage.cachedInput) * 100 / Double(input) : 0)
    }

    private var servedInOrder: [(tier: TierName, count: Int64)] {
        self.served.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (tier: $0.key, count: $0.value) }
    }

    var exitStatus: Int32 {
        if self.status == "cap_reached" { return ExitStatus.capReached }
        return self.completed == self.lines ? 0 : ExitStatus.linesFailed
    }

    /// Amounts are decimal texts: exact, and no reader turns them into binary fractions.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("object", "ebb.receipt")
        writer.member("status", self.status)
        writer.member("batch", self.batch)
        writer.member("input", self.input)
        writer.member("model", self.model)
        writer.member("tier", self.tier)
        writer.member("completion_window", self.window)
        writer.key("lines")
        writer.beginObject()
        writer.member("total", self.lines)
        writer.member("completed", self.completed)
        writer.member("failed", self.failed)
        writer.member("not_run", self.notRun)
        writer.endObject()
        writer.key("usage")
        writer.beginObject()
        writer.member("input_tokens", self.usage.input)
        writer.member("cached_input_tokens", self.usage.cachedInput)
        writer.member("cached_input_percent", raw: Array(self.cachedPercent.utf8))
        writer.member("output_tokens", self.usage.output)
        writer.member("reasoning_output_tokens", self.usage.reasoningOutput)
        writer.member("estimated", self.usage.isEstimated)
        writer.endObject()
        writer.member("currency", "USD")
        writer.key("quoted")
        writer.beginObject()
        writer.member("expected", self.quotedExpected?.decimalDollars)
        writer.member("max", self.quotedMax?.decimalDollars)
        writer.endObject()
        writer.member("charged", self.charged?.decimalDollars)
        writer.member("standard", self.standard?.decimalDollars)
        writer.member("saved", self.saved?.decimalDollars)
        writer.member("max_cost", self.maxCost?.decimalDollars)
        writer.member("unpriced_requests", self.unpricedRequests)
        writer.key("served_tiers")
        writer.beginObject()
        for (tier, count) in self.servedInOrder { writer.member(tier.text, count) }
        writer.endObject()
        writer.member("started_at", self.startedAt.rfc3339)
        writer.member("ended_at", self.endedAt.rfc3339)
        writer.member("seconds", raw: Array(Figures.tenths(self.elapsed.secondsApproximate).utf8))
        writer.endObject()
        return writer.bytes + [0x0A]
    }

    /// For people.
    func text(files: [(name: String, path: String)]) -> String {
        let tier = TierName(self.tier).spoken
        var rows: [(String, String)] = []
        var outcome = "\(Figures.count(self.completed)) ok, \(Figures.count(self.failed)) failed"
        if self.notRun > 0 { outcome += ", \(Figures.count(self.notRun)) not run" }
        rows.append(("lines", outcome))
        let input = self.usage.input
        rows.append(
            (
                "tokens",
                "\(Figures.count(input)) in (\(self.cachedPercent)% cached), \(Figures.count(self.usage.output)) out"
            ))
        if let quotedExpected, let quotedMax {
            rows.append(("quoted", "\(Figures.money(quotedExpected)), at most \(Figures.money(quotedMax))"))
        }
        if let charged {
            var text = Figures.money(charged)
            if self.unpricedRequests > 0 {
                text += ", and \(Figures.count(self.unpricedRequests, "request")) without a price"
            }
            rows.append(("charged", text))
        } else {
            rows.append(("charged", "unpriced: no price for \(self.model) in tier \(tier)"))
        }
        if self.served.keys.contains(where: { $0.text != self.tier }) {
            let parts = self.servedInOrder.map { "\(Figures.count($0.count)) at \($0.tier.spoken)" }
            rows.append(("served", parts.joined(separator: ", ")))
        }
        if let saved, let standard {
            rows.append(("saved", "\(Figures.money(saved)) against standard (\(Figures.money(standard)))"))
        }
        rows.append(("time", Figures.time(self.elapsed)))
        rows += files.map { ($0.name, $0.path) }
        let head = "Receipt: \(self.input), model \(self.model), tier \(tier), \(self.status)"
        return ([head] + rows.map { Self.row($0.0, $0.1) }).joined(separator: "\n")
    }

    private static func row(_ name: String, _ value: String) -> String {
        "  " + name + String(repeating: " ", count: max(1, 10 - name.count)) + value
    }
}

extension Receipt {
    /// Metadata of a job's batch: what the batch record itself does not keep.
    enum Key {
        static let job = "ebb_job"
        static let input = "ebb_input"
        static let quotedExpected = "ebb_quoted_expected"
        static let quotedMax = "ebb_quoted_max"
    }

    static func metadata(
        _ plan: RunPlan, _ identity: JobIdentity, _ quoted: QuoteRow.Amounts?
    ) -> [(key: String, value: String)] {
        var pairs = [(Key.job, identity.text), (Key.input, String(plan.inputName.prefix(256)))]
        if let quoted {
            pairs.append((Key.quotedExpected, quoted.expected.decimalDollars))
            pairs.append((Key.quotedMax, quoted.max.decimalDollars))
        }
        return pairs.map { (key: $0.0, value: $0.1) }
    }

    init(_ batch: BatchRecord, groups: [ChargeGroup], status: String, now: Instant) {
        let metadata = batch.metadata ?? []
        func text(_ key: String) -> String? { metadata.first { $0.key == key }?.value }
        func money(_ key: String) -> Money? { text(key).flatMap { try? Money(decimalDollars: $0) } }
        var amount: Int128 = 0
        var list: Int128 = 0
        var requests: Int64 = 0
        var unpriced: Int64 = 0
        var usage = TokenUsage.zero
        var served: [TierName: Int64] = [:]
        for group in groups {
            if group.totals.requests > 0 { served[group.servedTier, default: 0] += group.totals.requests }
            amount += group.totals.amount.picodollars
            list += group.totals.listAmount.picodollars
            requests += group.totals.requests
            unpriced += group.totals.unpricedRequests
            usage = (try? usage.adding(group.totals.usage)) ?? usage
        }
        let isPriced = requests == 0 || unpriced < requests
        self.init(
            status: status, batch: batch.id.text, input: text(Key.input) ?? "", model: batch.model ?? "",
            tier: batch.tier.text, window: batch.window, lines: Int64(batch.totalLines),
            completed: Int64(batch.completedLines), failed: Int64(batch.failedLines), usage: usage,
            charged: isPriced ? Money(picodollars: amount) : nil, standard: isPriced ? Money(picodollars: list) : nil,
            unpricedRequests: unpriced, served: served, quotedExpected: money(Key.quotedExpected),
            quotedMax: money(Key.quotedMax),
            maxCost: batch.maxCost, startedAt: batch.inProgressAt ?? batch.createdAt,
            endedAt: batch.completedAt ?? batch.expiredAt ?? batch.cancelledAt ?? batch.failedAt ?? now)
    }
}
