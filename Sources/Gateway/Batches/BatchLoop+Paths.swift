import Batching
import OpenAIWire
import Quantities
import Routing

/// The ways of lines, for `ebb explain`.
extension BatchLoop {
    /// The way of a line that is sent to an engine now.
    func path(of line: Int, to engine: EngineID, now: Instant) -> RequestPath {
        var path = self.paths[line] ?? RequestPath(tier: self.batch.tier, arrivedAt: now)
        path.dispatched(to: engine, now)
        return path
    }

    /// An attempt is over: its line's way has ended, or goes on with the next attempt.
    mutating func keepPath(
        of attempt: LineAttempt, _ ending: LineAttempt.Ending, _ outcome: AttemptOutcome, _ failure: EngineFailure?,
        _ verdict: LineLedger.Verdict?,
        now: Instant
    ) {
        var path = attempt.path
        self.paths[attempt.lease.line] = nil
        if case .commit(let fate) = verdict {
            path.ended(fate == .succeeded ? "answered" : failure?.reason ?? "failed", now)
            var trace = RequestTrace(request: attempt.request, project: self.batch.project, path: path)
            trace.batch = self.batch.id
            trace.line = Int32(clamping: attempt.lease.line)
            self.context.history.keep(trace)
            return self.trace(trace, attempt, ending)
        }
        if outcome == .preempted {
            path.preempted(by: attempt.displacer?.seen(by: self.batch.project), now)
        } else {
            path.failed(failure?.reason ?? "failed", now)
        }
        self.paths[attempt.lease.line] = path
    }

    private func trace(_ way: RequestTrace, _ attempt: LineAttempt, _ ending: LineAttempt.Ending) {
        guard let context = attempt.traceContext, context.isSampled else { return }
        var traced = TracedRequest(
            context: context, way: way, endpoint: self.endpoint, requestedModel: self.batch.model ?? "",
            servedTier: self.batch.tier)
        traced.engine = self.context.directory.table.engines[attempt.target.engine]
        if case .answered(let answer) = ending {
            traced.servedModel = answer.facts.model ?? attempt.target.engineModel
            traced.usage = answer.facts.usage
        }
        self.context.tracer?.ended(traced)
    }
}
