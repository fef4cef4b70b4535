/// The ways in which the simulated engine can fail on purpose.
public enum FaultKind: String, Sendable, CaseIterable, Hashable {
    case tooManyRequests = "429"
    case internalError = "500"
    case unavailable = "503"
    /// The answer ends in its middle and the connection closes.
    case cut
    /// The request is accepted and never answered.
    case hang
    /// The first token comes ten times later.
    case slow
    /// Status 200 and no JSON.
    case garbage
    /// The connection is reset before the answer.
    case reset

    /// True when the engine does no work for the request.
    var isBeforeWork: Bool {
        switch self {
        case .tooManyRequests, .internalError, .unavailable, .hang, .reset: true
        case .cut, .slow, .garbage: false
        }
    }
}
