public import Quantities

/// The breaker of each engine, and what is in flight there. Which engine gets a request the scheduler decides.
///
/// Invariant: `inFlight` of every engine is never negative and equals starts minus finishes.
public struct EngineBreakers: Sendable {
    private struct Load: Sendable {
        var inFlight = 0
        var health = EngineHealth()

        mutating func admits(now: Instant) -> Bool {
            guard self.health.admits(now: now) else { return false }
            self.inFlight += 1
            return true
        }
    }

    private struct ModelAtEngine: Hashable {
        let engine: EngineID
        let model: String

        init(_ target: EngineTarget) {
            self.engine = target.engine
            self.model = target.engineModel
        }
    }

    private var loads: [EngineID: Load] = [:]
    /// Models that failed at an engine since they last answered there; mostly none.
    private var failing: [ModelAtEngine: ModelHealth] = [:]

    public init() {}

    private mutating func admits(_ engine: EngineID, now: Instant) -> Bool {
        self.loads[engine, default: Load()].admits(now: now)
    }

    /// Counts a call of this model as in flight, unless the engine's breaker refuses.
    ///
    /// - Parameter waits: whether the model's breaker may refuse, too.
    public mutating func admits(_ target: EngineTarget, waits: Bool, now: Instant) -> Bool {
        guard !self.failing.isEmpty, let place = self.failing.index(forKey: ModelAtEngine(target)) else {
            return self.admits(target.engine, now: now)
        }
        let isAvailable = self.failing.values[place].isAvailable(now: now)
        guard isAvailable || !waits, self.admits(target.engine, now: now) else { return false }
        _ = self.failing.values[place].admits(now: now)
        return true
    }

    /// The head of an answer has come: who waits to hear whether the engine can be reached need not wait for its end.
    /// A model may still fail after its head, so its breaker waits for the whole answer.
    ///
    /// - Returns: whether the engine may be asked again since now.
    public mutating func reached(_ engine: EngineID) -> Bool {
        guard let place = self.loads.index(forKey: engine) else { return false }
        return self.loads.values[place].health.reached()
    }

    /// - Parameter request: the same for all attempts at a request.
    public mutating func finished(
        _ target: EngineTarget, of request: RequestID, failure: EngineFailure?, now: Instant
    ) {
        self.finished(target.engine, failure: failure, now: now)
        guard failure?.kind == .fault || !self.failing.isEmpty else { return }
        let model = ModelAtEngine(target)
        guard let failure else {
            self.failing[model] = nil
            return
        }
        if failure.kind == .fault || self.failing[model] != nil {
            self.failing[model, default: ModelHealth()].failed(failure, of: request, now: now)
        }
    }

    private mutating func finished(_ engine: EngineID, failure: EngineFailure?, now: Instant) {
        guard let place = self.loads.index(forKey: engine) else { return }
        self.loads.values[place].inFlight -= 1
        precondition(self.loads.values[place].inFlight >= 0, "more requests finished than started")
        if let failure {
            self.loads.values[place].health.failed(failure, now: now)
        } else {
            self.loads.values[place].health.succeeded()
        }
    }

    /// An engine was not asked after all: its place is free, and a probe that was not made is still to be made.
    public mutating func released(_ target: EngineTarget, now: Instant) {
        guard let place = self.loads.index(forKey: target.engine) else { return }
        self.loads.values[place].inFlight -= 1
        precondition(self.loads.values[place].inFlight >= 0, "more requests finished than started")
        self.loads.values[place].health.unprobed(now: now)
        if !self.failing.isEmpty { self.failing[ModelAtEngine(target)]?.unprobed(now: now) }
    }

    public func inFlight(_ engine: EngineID) -> Int { self.loads[engine]?.inFlight ?? 0 }

    public func isAvailable(_ engine: EngineID, now: Instant) -> Bool {
        self.loads[engine]?.health.isAvailable(now: now) ?? true
    }

    /// Whether it is there as far as is known: not while one request tries whether it is again, nor before.
    public func isReached(_ engine: EngineID) -> Bool { self.loads[engine]?.health.isReached ?? true }

    /// Whether the model fails there and is left alone for now, though the engine may be reached.
    public func isResting(_ target: EngineTarget, now: Instant) -> Bool {
        guard !self.failing.isEmpty, let model = self.failing[ModelAtEngine(target)] else { return false }
        return !model.isAvailable(now: now)
    }

    /// No model of any engine has failed since it last answered.
    public var isFailingNowhere: Bool { self.failing.isEmpty }
}
