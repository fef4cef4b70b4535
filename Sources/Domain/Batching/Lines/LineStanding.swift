public import Quantities

/// Where a line of a running batch stands.
public enum LineStanding: Hashable, Sendable {
    /// No attempt was made yet, or the last one was given back and the line is among the next.
    case waiting
    /// The last attempt failed or was refused; the next one comes then.
    case putOff(until: Instant)
    /// It has a lease.
    case inFlight
    /// It has an outcome that is not durable yet.
    case settling
    case done
}
