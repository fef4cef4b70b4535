public import Quantities
public import Scheduling

/// Something that goes wrong in a simulation, or changes from outside.
public struct Incident: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The engine with this number dies with all that it works on.
        case engineLost(Int)
        case engineBack(Int)
        /// All engines have this many slots from now on.
        case slots(Int)
        /// A call fails: the one with this number, by age, around the end.
        case failure(Int, EngineTrouble)
        /// A line loses its place at its engine: the one with this number, by age, around the end.
        case lineLost(Int)
        /// A client leaves, waiting or not: the one with this number, by age, around the end.
        case gone(Int)
        /// A batch is cancelled, or its window ends.
        case cancel(BatchID)
        /// Batches wait for a cheaper hour, nanoseconds.
        case held(until: Int64)
    }

    /// Nanoseconds.
    public var at: Int64
    public var kind: Kind

    public init(at: Int64, _ kind: Kind) {
        self.at = at
        self.kind = kind
    }
}
