import OpenAIWire
import Quantities
import Routing
import Scheduling

/// Which tier a request gets, and which ones are offered to it.
extension ServeCompletion {
    /// The tier that serves, whether it is another than the one asked for, and the one that the caller wishes where it
    /// has no room.
    func tier(
        of request: CompletionRequest, _ targets: [EngineTarget]
    ) throws(GatewayError) -> (tier: Tier, isChosen: Bool, fallback: TierFallback?) {
        let asked = request.facts.serviceTier
        func offered(_ word: String?) -> Tier? {
            self.resolve(word, request).flatMap { self.isSold($0, request, targets) ? $0 : nil }
        }
        var fallback = request.wishes.fallback ?? self.tiers.policy(request.caller.project).fallback
        if let wish = fallback {
            // The caller hears of a wish that cannot be met; a project's rule holds for the models that have its tier.
            fallback = offered(wish.tier.text).map { TierFallback(tier: $0.name, after: wish.after) }
            if fallback == nil, request.wishes.fallback != nil {
                throw .invalid("There is no tier '\(wish.tier)' to fall back to.", param: "ebb-fallback")
            }
        }
        guard let tier = self.resolve(asked, request) else { throw .client(.invalidServiceTier) }
        guard self.isSold(tier, request, targets) else {
            let others = self.tiers.tiers.map(\.name.text).filter { offered($0) != nil }
            throw .client(.unpricedTier(tier.name.text, model: request.facts.model, offered: others))
        }
        guard let deadline = request.wishes.deadline, asked == nil || asked == "auto" else {
            return (tier, false, fallback)
        }
        let waiting = self.tiers.tiers.filter { $0.window == nil && $0.lane == .flex }.compactMap {
            offered($0.name.text)
        }
        let (cheapest, after) = self.cheapest(for: deadline, standard: tier, among: waiting, request, targets)
        return (cheapest, cheapest.name != tier.name, after)
    }

    private func resolve(_ word: String?, _ request: CompletionRequest) -> Tier? {
        self.tiers.resolve(word, model: request.facts.model, project: request.caller.project)
    }

    /// False for a tier that has no price although the model has prices in others: nobody gets a better place, or what
    /// a seller bills, for an unknown amount. What idle engines of one's own do is offered all the same, and so is what
    /// the operator names: the project's standard, and a tier's own list of models (decision 13).
    private func isSold(_ tier: Tier, _ request: CompletionRequest, _ targets: [EngineTarget]) -> Bool {
        let model = request.facts.model
        if tier.name == .standard || tier.name == self.tiers.policy(request.caller.project).standard { return true }
        if tier.models?.contains(model) == true { return true }
        let engines = self.engines.table.engines
        return !targets.contains { target in
            (tier.lane.isInteractive || engines[target.engine]?.kind.isOwned == false)
                && self.pricer.lacks(tier.name, names: [target.engineModel, model], at: request.arrivedAt)
        }
    }

    /// The cheapest tier that meets a deadline: one that waits while there is time for the standard one after it, else
    /// that. Of the time for which the client stays half is left for the answer.
    private func cheapest(
        for deadline: Instant, standard: Tier, among waiting: [Tier], _ request: CompletionRequest,
        _ targets: [EngineTarget]
    ) -> (Tier, TierFallback?) {
        let stay = request.clientGivesUpAt.map { $0.since(request.arrivedAt) / 2 }
        let due = deadline.since(request.arrivedAt) - self.answerTime(of: request)
        let left = min(due, stay ?? due)
        guard left > .zero else { return (standard, nil) }
        // What has no price counts as much as the standard tier; what is dearer than that is not waited for.
        let own = self.price(of: request, in: standard, targets)
        let prices = waiting.map { self.price(of: request, in: $0, targets) ?? own ?? 0 }
        let best = waiting.indices.min { (prices[$0], $0) < (prices[$1], $1) }
        guard let best, prices[best] <= own ?? prices[best] else { return (standard, nil) }
        var tier = waiting[best]
        tier.patience = left
        tier.waitMax = left
        return (tier, TierFallback(tier: standard.name, after: left))
    }

    /// Twice what an engine works on such a request, a second at least.
    private func answerTime(of request: CompletionRequest) -> Duration {
        let usage = Self.usualUsage(of: request)
        let seconds = self.scheduler.usualSeconds(
            model: request.facts.model, promptTokens: Int(usage.input), outputTokens: Int(clamping: usage.output))
        return seconds.map { .seconds(max(1, min(86_400, 2 * $0))) } ?? Self.answerTimeUnknown
    }

    /// What it will probably use.
    private static func usualUsage(of request: CompletionRequest) -> TokenUsage {
        TokenUsage(
            input: Int64(request.body.count / LocalPromptCounter.bytesPerToken),
            output: request.facts.maxTokens ?? CompletionCall.outputTokensUsual)
    }

    /// Picodollars that the request would probably cost in a tier, to compare tiers by; nil: unpriced.
    private func price(of request: CompletionRequest, in tier: Tier, _ targets: [EngineTarget]) -> Int128? {
        let usage = Self.usualUsage(of: request)
        let names = [targets.first?.engineModel, request.facts.model].compactMap { $0 }
        return self.pricer.price(usage, names: names, tier: tier.name, at: request.arrivedAt).amount?.picodollars
    }
}
