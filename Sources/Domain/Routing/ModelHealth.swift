import Quantities

/// Circuit breaker of one model at one engine that can be reached but fails.
///
/// Opens when five different requests in a row failed and none was answered between them: the attempts of one request,
/// or one request that fails among others that do not, say nothing about the model. It keeps batch lines away, and
/// interactive requests where another engine serves the model; where none does, they are sent all the same.
struct ModelHealth: Sendable {
    private var breaker = EngineHealth()
    /// The requests of the present row, fewer than `EngineHealth.failuresToOpen`.
    private var failed: [RequestID] = []

    func isAvailable(now: Instant) -> Bool { self.breaker.isAvailable(now: now) }

    /// Takes the probe if one is due.
    mutating func admits(now: Instant) -> Bool { self.breaker.admits(now: now) }

    mutating func unprobed(now: Instant) { self.breaker.unprobed(now: now) }

    mutating func failed(_ failure: EngineFailure, of request: RequestID, now: Instant) {
        guard failure.kind == .fault else { return self.breaker.answered(endsRow: false) }
        if case .closed = self.breaker.state {
            guard !self.failed.contains(request) else { return }
            self.failed.append(request)
        }
        self.breaker.broke(now: now)
        if case .open = self.breaker.state { self.failed = [] }
    }
}
