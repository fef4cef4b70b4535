import OpenAIWire
import Quantities
import Routing
import Scheduling

/// The tier that serves a request.
struct TierChoice {
    let tier: Tier
    /// Where this one has no room.
    let fallback: TierFallback?
    /// What the request would have got without its deadline, where that is another tier.
    var usual: (tier: Tier, fallback: TierFallback?)?

    /// A deadline led to another tier than the one asked for.
    var isChosen: Bool { self.usual != nil }
}

/// Which tier a request gets, and which ones are offered to it.
extension ServeCompletion {
    func tier(
        of request: CompletionRequest, _ targets: [EngineTarget]
    ) throws(GatewayError) -> TierChoice {
        let asked = request.facts.serviceTier
        func offered(_ word: String?) -> Tier? {
            self.resolve(word, request).flatMap { self.isSold($0, request, targets) ? $0 : nil }
        }
        let rule = request.wishes.declinesFallback ? nil : self.tiers.policy(request.caller.project).fallback
        var fallback = request.wishes.fallback ?? rule
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
            return TierChoice(tier: tier, fallback: fallback)
        }
        let others = self.tiers.tiers.filter(\.isSynchronous).compactMap { offered($0.name.text) }
        let (cheapest, after) = self.cheapest(for: deadline, standard: tier, among: others, request, targets)
        return TierChoice(
            tier: cheapest, fallback: Self.first(fallback, after),
            usual: cheapest.name == tier.name ? nil : (tier, fallback))
    }

    /// What a caller wishes holds beside what its deadline asks for: whichever comes first.
    private static func first(_ wished: TierFallback?, _ due: TierFallback?) -> TierFallback? {
        guard let wished else { return due }
        guard let due else { return wished }
        return wished.after ?? .seconds(Int64.max) <= due.after ?? .seconds(Int64.max) ? wished : due
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
}
