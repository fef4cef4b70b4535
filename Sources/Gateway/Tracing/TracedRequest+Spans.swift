import Ledger
import OpenAIWire
import Quantities
import Routing

/// The spans of a request: itself, each wait for a place, each call to an engine.
///
/// Names of attributes are those of OpenTelemetry's conventions for HTTP and GenAI (prices-and-finops.md 6.5); Ebb's
/// own begin with `ebb.`. Token counts stand on the call that answered and nowhere else, so that a sum over spans is
/// right.
extension TracedRequest {
    /// A shorter wait is no span of its own.
    static let waitMin: Duration = .milliseconds(1)

    public var spans: [Span] {
        let calls = self.calls
        return [self.request] + calls.waits + calls.attempts
    }

    private var start: Instant { self.way.path.arrivedAt }
    private var isLine: Bool { self.way.batch != nil }

    private func at(_ step: RequestStep) -> Instant { self.start.advanced(by: step.time) }

    private var request: Span {
        let steps = self.way.path.steps
        var span = Span(
            self.context, id: self.context.span, parent: self.context.parent,
            name: self.isLine ? "batch line" : "POST \(self.endpoint.path)",
            kind: self.isLine ? .internal : .server, start: self.start,
            end: steps.reduce(self.start) { max($0, self.at($1)) })
        if !self.isLine {
            span.add("http.request.method", "POST")
            span.add("http.route", self.endpoint.path)
        }
        span.add("ebb.request.id", self.way.request.text)
        span.add("ebb.project.id", self.way.project.text)
        if let batch = self.way.batch {
            span.add("ebb.batch.id", batch.text)
            span.add("ebb.batch.line", Int64(self.way.line) + 1)
        }
        span.add("ebb.tier.asked", self.requestedTier)
        if self.way.path.outcome != Charge.Outcome.refused.rawValue {
            span.add("ebb.tier.served", self.servedTier.text)
        }
        span.add("ebb.outcome", self.way.path.outcome)
        span.add("ebb.wait.seconds", self.way.path.waitedSeconds)
        // For display; the ledger is exact.
        if let amount = self.amount { span.add("ebb.cost.usd", Double(amount.picodollars) / 1e12) }
        for step in steps {
            switch step.kind {
            case .preempted, .fellBack, .failed:
                span.events.append(.init(name: "ebb.\(step.kind.rawValue)", at: self.at(step)))
            case .arrived, .dispatched, .firstToken, .ended: break
            }
        }
        self.fail(&span, self.way.path.outcome)
        return span
    }

    /// What the caller did (4xx, leaving) and what is meant to happen (a refusal) are no errors of a server.
    private func fail(_ span: inout Span, _ outcome: String?) {
        guard let outcome else { return }
        let isFine = ["answered", "cancelled", "refused"].contains(outcome) || outcome.hasPrefix("client")
        guard !isFine else { return }
        span.add("error.type", outcome)
        span.error = outcome
    }

    private var calls: (waits: [Span], attempts: [Span]) {
        var waits: [Span] = []
        var attempts: [Span] = []
        var open: Span?
        var waitsSince: Instant? = self.start
        var isOver = false
        var before = self.start
        let steps = self.way.path.steps
        let last = steps.lastIndex { $0.kind == .dispatched }
        for (index, step) in steps.enumerated() {
            // A clock that was set back makes no negative durations.
            let now = max(before, self.at(step))
            before = now
            switch step.kind {
            case .arrived: break
            case .dispatched:
                if let since = waitsSince { self.wait(from: since, to: now, &waits) }
                waitsSince = nil
                let number = index == last ? max(self.lastAttempt, attempts.count + 1) : attempts.count + 1
                open = self.attempt(number, engine: step.text, at: now)
            case .firstToken: open?.events.append(.init(name: "gen_ai.first_token", at: now))
            case .preempted, .failed, .fellBack, .ended:
                if var call = open {
                    let isLast = last.map { index > $0 } ?? false
                    call.end = isLast ? min(now, max(call.start, self.engineEndedAt ?? now)) : now
                    if isLast { self.answered(&call) }
                    if step.kind == .ended { self.fail(&call, self.way.path.outcome) } else { self.lost(&call, step) }
                    attempts.append(call)
                    open = nil
                    // An answer that broke in its client's hands is not asked for again.
                    isOver = isLast && self.servedModel != nil
                } else if step.kind == .ended, !isOver, let since = waitsSince {
                    self.wait(from: since, to: now, &waits)
                }
                waitsSince = waitsSince ?? now
            }
        }
        return (waits, attempts)
    }

    private func wait(from start: Instant, to end: Instant, _ waits: inout [Span]) {
        guard end.since(start) >= Self.waitMin else { return }
        waits.append(
            Span(
                self.context, id: self.context.wait(waits.count + 1), parent: self.context.span, name: "wait",
                kind: .internal, start: start, end: end))
    }

    private func attempt(_ number: Int, engine: String, at now: Instant) -> Span {
        var span = Span(
            self.context, id: self.context.attempt(number), parent: self.context.span,
            name: "\(self.operation) \(self.requestedModel)", kind: .client, start: now, end: now)
        span.add("gen_ai.operation.name", self.operation)
        span.add("gen_ai.request.model", self.requestedModel)
        span.add("ebb.engine", engine)
        guard let known = self.engines[EngineID(engine)] else { return span }
        span.add("gen_ai.provider.name", known.provider)
        span.add("server.address", known.url.host)
        span.add("server.port", Int64(known.url.port))
        return span
    }

    /// What came, whole or in part; nothing where the engine gave no answer.
    private func answered(_ span: inout Span) {
        guard let model = self.servedModel else { return }
        span.add("gen_ai.response.model", model)
        span.add("openai.request.service_tier", self.requestedTier)
        span.add("openai.response.service_tier", self.servedTier.text)
        if let usage = self.usage {
            span.add("gen_ai.usage.input_tokens", usage.input)
            span.add("gen_ai.usage.output_tokens", usage.output)
            let written = usage.cacheWrite + usage.cacheWriteLong
            if usage.cachedInput > 0 { span.add("gen_ai.usage.cache_read.input_tokens", usage.cachedInput) }
            if written > 0 { span.add("gen_ai.usage.cache_write.input_tokens", written) }
            if usage.reasoningOutput > 0 { span.add("gen_ai.usage.reasoning.output_tokens", usage.reasoningOutput) }
        }
    }

    private func lost(_ span: inout Span, _ step: RequestStep) {
        let why = step.kind == .failed ? step.text : step.kind.rawValue
        span.add("error.type", why)
        span.error = why
    }

    private var operation: String {
        switch self.endpoint {
        case .chatCompletions: "chat"
        case .completions: "text_completion"
        case .embeddings: "embeddings"
        }
    }
}

extension Engine {
    /// OpenTelemetry's name for who answers; the kind of server where that is one of our own.
    fileprivate var provider: String {
        guard !self.kind.isOwned else { return self.kind.rawValue }
        let known = [("mistral.ai", "mistral_ai"), ("deepseek.com", "deepseek"), ("groq.com", "groq")]
        return known.first { self.url.host.hasSuffix($0.0) }?.1 ?? "openai"
    }
}
