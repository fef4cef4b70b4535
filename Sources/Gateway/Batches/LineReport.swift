import Batching
public import Quantities
import Routing

/// Where a line of a running batch stands, for `ebb explain`.
public struct LineReport: Sendable {
    public enum State: String, Sendable {
        case waiting
        /// Its last attempt failed or was refused; it is tried again later.
        case putOff = "put_off"
        /// Its batch's or its project's cap leaves too little for it.
        case awaitsMoney = "awaits_money"
        case inFlight = "in_flight"
        /// It has an outcome that is not durable yet.
        case recording
        case ended
    }

    public let state: State
    /// From 0.
    public let line: Int
    /// Of a line that waits: lines of its batch that go before it.
    public var ahead: Int?
    /// Of a line that is put off.
    public var until: Instant?
    /// Of a line in flight.
    public var engine: EngineID?
    public var sentAt: Instant?
    /// How often it made room for a more urgent request, since its batch was taken up.
    public var preemptions = 0
    /// Its way so far, and its request while it is in flight; nil before its first attempt, and once that is forgotten.
    public var path: RequestPath?
    public var request: RequestID?

    init(_ state: State, line: Int) {
        self.state = state
        self.line = line
    }
}

extension BatchLoop {
    /// - Returns: nil while the batch's lines are not known yet.
    func report(of line: Int) -> LineReport? {
        guard let plan, (0..<plan.ledger.lineCount).contains(line) else { return nil }
        var report = LineReport(self.state(of: line, plan), line: line)
        report.preemptions = self.preemptions[line] ?? 0
        report.path = self.paths[line]
        switch plan.ledger.standing(of: line) {
        case .waiting: report.ahead = plan.ledger.ahead(of: line)
        case .putOff(let until): report.until = until
        case .inFlight, .settling, .done: break
        }
        if let attempt = self.attempts[line] {
            report.engine = attempt.target.engine
            report.sentAt = attempt.startedAt
            report.path = attempt.path
            report.request = attempt.request
        }
        return report
    }

    private func state(of line: Int, _ plan: BatchPlan) -> LineReport.State {
        switch plan.ledger.standing(of: line) {
        case .waiting: .waiting
        case .putOff: .putOff
        // It was taken for a place that it had no money for.
        case .inFlight: self.attempts[line] == nil ? .awaitsMoney : .inFlight
        case .settling: .recording
        case .done: .ended
        }
    }
}
