/// How a request to the simulated engine ended, for `ebb_simulator_requests_total`.
enum Outcome: String, Sendable, CaseIterable {
    case ok
    /// 4xx of the engine's own accord, or its waiting line was full.
    case refused
    /// The client went away before the end.
    case cancelled
    /// A simulated fault refused or spoiled the answer.
    case fault
}
