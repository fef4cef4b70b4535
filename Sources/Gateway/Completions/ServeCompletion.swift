import Ledger
public import Logging
import OpenAIWire
import Quantities
import Routing
import Scheduling

/// The use case of every request that waits for its answer, flex too: tier, hold, engine, answer, charge, last byte.
///
/// Push-style from end to end, so that a request costs no task and no hop between threads.
public final class ServeCompletion: Sendable {
    let engines: EngineDirectory
    let client: any EngineClient
    let commits: any CommitLog
    let pricer: Pricer
    let holds: Holds
    let scheduler: WorkScheduler
    private let tierDirectory: TierDirectory
    let meters: any Meters
    let history: RequestHistory
    let tracer: Tracer?
    let clock: any GatewayClock
    let timers: any Timers
    let randomness: any Randomness
    let isLive: @Sendable (Caller) -> Bool
    let logger: Logger
    let retry = RetryRule()
    let unpriced = UnpricedNotices()
    let refusals = RefusalEntries()

    /// - Parameter isLive: whether the key of a caller is still good, asked for requests that waited long.
    public init(
        engines: EngineDirectory, client: any EngineClient, commits: any CommitLog, pricer: Pricer, holds: Holds,
        scheduler: WorkScheduler, tiers: TierDirectory, meters: any Meters, clock: any GatewayClock,
        timers: any Timers, randomness: any Randomness, history: RequestHistory = RequestHistory(),
        tracer: Tracer? = nil, isLive: @escaping @Sendable (Caller) -> Bool = { _ in true }, logger: Logger
    ) {
        self.engines = engines
        self.client = client
        self.commits = commits
        self.pricer = pricer
        self.holds = holds
        self.scheduler = scheduler
        self.tierDirectory = tiers
        self.meters = meters
        self.history = history
        self.tracer = tracer
        self.clock = clock
        self.timers = timers
        self.randomness = randomness
        self.isLive = isLive
        self.logger = logger
    }

    /// Spans are kept, so that a request's `traceparent` is wanted.
    public var isTracing: Bool { self.tracer != nil }

    /// Starts serving; the sink hears everything that follows, also refusals.
    public func serve(_ request: CompletionRequest, to sink: any ClientSink) -> (any ServedRequest)? {
        do throws(GatewayError) {
            // An answer whose charge cannot be recorded is not bought.
            if self.commits.isFailing { throw .unrecorded }
            guard let targets = self.engines.targets(for: request.facts.model) else {
                throw self.unserved(request.facts.model)
            }
            let choice = try self.paid(self.tier(of: request, targets), request, targets)
            let call = CompletionCall(
                use: self, request: request, tier: choice.tier, isTierChosen: choice.isChosen,
                fallback: choice.fallback, targets: targets, sink: self.keptAlive(sink, request))
            self.meters.requestStarted(model: request.facts.model, tier: choice.tier.name)
            call.enqueue(targets)
            return call
        } catch {
            self.meters.count(.rejected, error.answer.code ?? "none")
            sink.refused(error)
            return nil
        }
    }

    private func keptAlive(_ sink: any ClientSink, _ request: CompletionRequest) -> any ClientSink {
        guard let interval = request.wishes.keepAlive, request.facts.stream, request.endpoint.canStream else {
            return sink
        }
        return KeptAliveSink(sink, interval: interval, timers: self.timers)
    }

    /// Kept back from a deadline for the answer itself, while it is not known how long such answers take.
    static let answerTimeUnknown: Duration = .seconds(30)

    var tiers: TierTable { self.tierDirectory.table }

    /// While no engine has answered nothing is known to be missing, so clients are told to come again.
    private func unserved(_ model: String) -> GatewayError {
        guard self.engines.table.modelNames.isEmpty else { return .client(.unknownModel(model)) }
        return GatewayError(source: .engine, retry: .afterDelay(.seconds(1)), answer: .noEngineYet)
    }

    /// The choice with its hold. Where the money left pays for no dearer tier, a deadline is a wish: the request gets
    /// the tier that it would have had without one.
    private func paid(
        _ choice: TierChoice, _ request: CompletionRequest, _ targets: [EngineTarget]
    ) throws(GatewayError) -> TierChoice {
        do {
            try self.hold(request, tier: choice.tier.name, fallback: choice.fallback?.tier, targets: targets)
            return choice
        } catch {
            guard let usual = choice.usual else { throw error }
            try self.hold(request, tier: usual.tier.name, fallback: usual.fallback?.tier, targets: targets)
            return TierChoice(tier: usual.tier, fallback: usual.fallback)
        }
    }

    /// Projects with a spend cap reserve the most that the request may cost; what may be unpriced cannot be capped, so
    /// it is refused there.
    private func hold(
        _ request: CompletionRequest, tier: TierName, fallback: TierName?, targets: [EngineTarget]
    ) throws(GatewayError) {
        guard self.holds.hasCap(request.caller.project) else { return }
        let asked = [tier] + (fallback.map { [$0] } ?? [])
        let bound = CostBound(pricer: self.pricer, at: request.arrivedAt, atAnyHour: true)
        let most = bound.most(
            request.facts, body: request.body, engineModels: targets.map(\.engineModel),
            tiers: self.possibleTiers(asked, targets), asked: asked)
        guard let most else {
            let tiers = asked.map { "'\($0)'" }.joined(separator: " or in ")
            throw GatewayError.invalid(
                "The model '\(request.facts.model)' has no price in \(tiers), and this project has a spend limit.",
                param: "model", code: "unpriced_model", status: 400)
        }
        let placement = self.holds.place(request.id, project: request.caller.project, amount: most)
        if case .refused(let balance) = placement {
            throw .client(.projectSpendLimit(bound: CostBound.known(most), left: balance.available))
        }
    }

    /// The tiers that may be charged: a bought engine says itself which one served; its account may prefer another.
    private func possibleTiers(_ asked: [TierName], _ targets: [EngineTarget]) -> [TierName] {
        let engines = self.engines.table.engines
        guard targets.contains(where: { engines[$0.engine]?.kind.isOwned == false }) else { return asked }
        return asked + [TierName.priority, .flex].filter { !asked.contains($0) }
    }
}
