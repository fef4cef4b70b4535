public import Quantities
public import Scheduling

/// One request of a trace.
public struct TraceRequest: Hashable, Sendable {
    /// Nanoseconds from the trace's beginning.
    public var arrival: Int64
    public var promptTokens: Int
    public var outputTokens: Int
    /// Hashes of the prompt's blocks, each covering all before it; empty: nothing is shared.
    public var chain: [UInt64]
    /// Prompt tokens that the engine found in its cache when this was recorded; 0: the simulated cache decides.
    public var cachedTokens: Int
    public var lane: Lane
    public var project: ProjectID

    public init(
        arrival: Int64, promptTokens: Int, outputTokens: Int, chain: [UInt64] = [], cachedTokens: Int = 0,
        lane: Lane = .standard, project: ProjectID = "proj_trace"
    ) {
        self.arrival = arrival
        self.promptTokens = max(1, promptTokens)
        self.outputTokens = max(1, outputTokens)
        self.chain = chain
        self.cachedTokens = cachedTokens
        self.lane = lane
        self.project = project
    }

    /// Its work where no cache helps, in ``ServiceUnits``.
    var units: Double { ServiceUnits.of(prompt: self.promptTokens, output: self.outputTokens) }
}

/// Requests in order of arrival.
public struct Trace: Sendable {
    public var requests: [TraceRequest]

    public init(_ requests: [TraceRequest]) {
        self.requests = requests.sorted { $0.arrival < $1.arrival }
    }

    /// From the first request to the last, nanoseconds.
    public var span: Int64 { self.requests.last?.arrival ?? 0 }

    /// Keeps a share of the requests, spread evenly: the trace at a lower rate with the same hours.
    ///
    /// - Parameter phase: 0 ..< 1; different phases keep different requests.
    public func thinned(to share: Double, phase: Double = 0) -> Trace {
        var credit = phase
        return Trace(
            self.requests.filter { _ in
                credit += share
                guard credit >= 1 else { return false }
                credit -= 1
                return true
            })
    }

    /// The requests up to a moment.
    public func prefix(until end: Int64) -> Trace { Trace(self.requests.filter { $0.arrival < end }) }

    /// From its first request to that of its next repetition: the span and a mean gap, nanoseconds.
    public var period: Int64 { self.span + self.span / Int64(max(1, self.requests.count)) }

    /// The trace end to end until it is this long.
    public func repeated(for duration: Int64) -> Trace {
        let period = self.period
        guard period > 0 else { return self }
        var all: [TraceRequest] = []
        var offset: Int64 = 0
        while offset < duration {
            for var request in self.requests where request.arrival + offset < duration {
                request.arrival += offset
                all.append(request)
            }
            offset += period
        }
        return Trace(all)
    }
}

/// A batch in a simulation: its lines come from a trace, their times do not matter.
public struct SimulatedBatch: Sendable {
    public var id: BatchID
    public var project: ProjectID
    public var lines: [TraceRequest]
    /// When it is created and when its window ends, nanoseconds.
    public var createdAt: Int64
    public var deadline: Int64
    /// By whose price its lines are charged.
    public var tier: TierName

    public init(
        id: BatchID, project: ProjectID = "proj_batch", lines: [TraceRequest], createdAt: Int64 = 0, deadline: Int64,
        tier: TierName = .batch
    ) {
        self.id = id
        self.project = project
        self.lines = lines
        self.createdAt = createdAt
        self.deadline = deadline
        self.tier = tier
    }
}
