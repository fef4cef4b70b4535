import Batching
import Ledger
import Quantities
import Routing

/// The ways of lines, for `ebb explain`.
extension BatchLoop {
    /// The way of a line that is sent to an engine now.
    mutating func path(of line: Int, to engine: EngineID, now: Instant) -> RequestPath {
        var path = self.paths[line] ?? RequestPath(tier: self.batch.tier, arrivedAt: now)
        path.dispatched(to: engine, now)
        return path
    }

    /// An attempt is over: its line's way has ended, or goes on with the next attempt.
    ///
    /// - Returns: the way that has ended.
    mutating func keepPath(
        of attempt: LineAttempt, _ outcome: AttemptOutcome, _ failure: EngineFailure?, _ verdict: LineLedger.Verdict?,
        now: Instant
    ) -> RequestTrace? {
        var path = attempt.path
        self.paths[attempt.lease.line] = nil
        if case .commit(let fate) = verdict {
            path.ended(fate == .succeeded ? "answered" : failure?.reason ?? "failed", now)
            var trace = RequestTrace(request: attempt.request, project: self.batch.project, path: path)
            trace.batch = self.batch.id
            trace.line = Int32(clamping: attempt.lease.line)
            self.context.history.keep(trace)
            return trace
        }
        if outcome == .preempted {
            path.preempted(by: attempt.displacer?.seen(by: self.batch.project), now)
        } else {
            path.failed(failure?.reason ?? "failed", now)
        }
        self.paths[attempt.lease.line] = path
        return nil
    }

    /// The trace of a line, which its attempts share.
    mutating func traceContext(of line: Int) -> TraceContext? {
        guard let tracer = self.context.tracer else { return nil }
        let context = self.contexts[line] ?? tracer.begin()
        self.contexts[line] = context
        return context
    }

    /// What the spans of a line are made of. They leave when its outcome is durable.
    func traced(_ attempt: LineAttempt, _ way: RequestTrace, _ charge: Charge?) -> TracedRequest? {
        guard let context = attempt.traceContext, context.isSampled else { return nil }
        var traced = TracedRequest(
            context: context, way: way, endpoint: self.endpoint, requestedModel: self.batch.model ?? "",
            servedTier: charge?.servedTier ?? self.batch.tier, lastAttempt: attempt.lease.attempt,
            engines: self.context.directory.table.engines)
        traced.requestedTier = self.batch.tier.text
        if let charge {
            traced.servedModel = charge.servedModel
            traced.usage = charge.usage
            traced.engineEndedAt = charge.finishedAt
            traced.amount = charge.amount
        }
        return traced
    }

    mutating func sendSpans(of line: Int) {
        self.contexts[line] = nil
        guard let traced = self.traced.removeValue(forKey: line) else { return }
        self.context.tracer?.ended(traced)
    }
}
