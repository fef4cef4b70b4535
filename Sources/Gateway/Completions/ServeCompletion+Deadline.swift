import OpenAIWire
import Quantities
import Routing
import Scheduling

/// Which tier a request with a deadline gets.
extension ServeCompletion {
    /// The cheapest tier that meets a deadline: one that waits while there is time for the standard one after it, else
    /// that; where its own wait would pass the deadline, the cheapest interactive one whose wait does not. Of the time
    /// for which the client stays half is left for the answer.
    ///
    /// - Parameter offered: what the request might have asked for.
    func cheapest(
        for deadline: Instant, standard: Tier, among offered: [Tier], _ request: CompletionRequest,
        _ targets: [EngineTarget]
    ) -> (Tier, TierFallback?) {
        let left = deadline.since(request.arrivedAt) - self.answerTime(of: request)
        guard left > .zero else { return (standard, nil) }
        let own = self.price(of: request, in: standard, targets)
        // What has no price counts as much as the standard tier.
        func cheapest(_ tiers: [Tier]) -> (tier: Tier, price: Int128)? {
            let prices = tiers.map { self.price(of: request, in: $0, targets) ?? own ?? 0 }
            return tiers.indices.min { (prices[$0], $0) < (prices[$1], $1) }.map { (tiers[$0], prices[$0]) }
        }
        let wait = self.wait(of: request, in: standard.lane)
        guard wait <= left else {
            // What waits behind the standard tier would be later still.
            let inTime = offered.filter { $0.lane.isInteractive && self.wait(of: request, in: $0.lane) <= left }
            return (cheapest(inTime)?.tier ?? standard, nil)
        }
        let stay = request.clientGivesUpAt.map { $0.since(request.arrivedAt) / 2 }
        let spare = min(left - wait, stay ?? left)
        // What is dearer than not to wait is not waited for.
        guard spare > .zero, let best = cheapest(offered.filter { $0.lane == .flex }), best.price <= own ?? best.price
        else { return (standard, nil) }
        var tier = best.tier
        tier.patience = spare
        tier.waitMax = spare
        return (tier, TierFallback(tier: standard.name, after: spare))
    }

    /// How long it would probably wait for its place in a lane.
    private func wait(of request: CompletionRequest, in lane: Lane) -> Duration {
        let seconds = self.scheduler.foretoldWait(
            lane, model: request.facts.model, project: request.caller.project)
        return .seconds(min(86_400, seconds))
    }

    /// Twice what an engine works on such a request, a second at least.
    private func answerTime(of request: CompletionRequest) -> Duration {
        let seconds = self.scheduler.usualSeconds(
            model: request.facts.model, promptTokens: request.promptTokensGuessed,
            outputTokens: CompletionCall.expectedOutput(request.facts.maxTokens))
        return seconds.map { .seconds(max(1, min(86_400, 2 * $0))) } ?? Self.answerTimeUnknown
    }

    /// Picodollars that the request would probably cost in a tier, to compare tiers by; nil: unpriced.
    private func price(of request: CompletionRequest, in tier: Tier, _ targets: [EngineTarget]) -> Int128? {
        let usage = TokenUsage(
            input: Int64(request.promptTokensGuessed),
            output: request.facts.maxTokens ?? CompletionCall.outputTokensUsual)
        let names = [targets.first?.engineModel, request.facts.model].compactMap { $0 }
        return self.pricer.price(usage, names: names, tier: tier.name, at: request.arrivedAt).amount?.picodollars
    }
}
