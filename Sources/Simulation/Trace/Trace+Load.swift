public import Quantities
public import Scheduling

/// The same traffic at another rate, or partly willing to wait.
extension Trace {
    /// How far copies of a request lie from it, when the rate is raised.
    static let copiesWithin: Int64 = 30_000_000_000

    /// The traffic at `factor` times its rate, at the same hours: a share of the requests, or copies of them half a
    /// minute away at most.
    public func scaled(by factor: Double, seed: UInt64) -> Trace {
        guard factor != 1 else { return self }
        var generator = SeededGenerator(seed: seed)
        let whole = Int(factor)
        let span = self.span
        var all: [TraceRequest] = []
        all.reserveCapacity(Int(Double(self.requests.count) * factor) + 1)
        for copy in 0..<whole {
            for var request in self.requests {
                if copy > 0 {
                    let shift = Int64.random(in: -Self.copiesWithin...Self.copiesWithin, using: &generator)
                    request.arrival = min(span, max(0, request.arrival + shift))
                }
                all.append(request)
            }
        }
        let phase = Double.random(in: 0..<1, using: &generator)
        all += self.thinned(to: factor - Double(whole), phase: phase).requests
        return Trace(all)
    }

    /// Takes out a share of the standard requests, chosen by the seed.
    public func parted(_ share: Double, seed: UInt64) -> (rest: Trace, parted: Trace) {
        var generator = SeededGenerator(seed: seed ^ 0x6D6F_7665)
        var rest: [TraceRequest] = []
        var parted: [TraceRequest] = []
        for request in self.requests {
            let isChosen = Double.random(in: 0..<1, using: &generator) < share
            if isChosen, request.lane == .standard { parted.append(request) } else { rest.append(request) }
        }
        return (Trace(rest), Trace(parted))
    }

    /// All requests in another lane.
    public func inLane(_ lane: Lane) -> Trace {
        Trace(
            self.requests.map {
                var request = $0
                request.lane = lane
                return request
            })
    }

    /// The requests as lines of batches: those of `interval` are handed in together at its end, and are due a window
    /// after its beginning, so that nobody waits longer than the window. Nanoseconds.
    public func collected(every interval: Int64, window: Int64, tier: TierName) -> [SimulatedBatch] {
        struct Place: Hashable {
            let number: Int64
            let project: ProjectID
        }
        var places: [Place: Int] = [:]
        var batches: [SimulatedBatch] = []
        for request in self.requests {
            let number = request.arrival / interval
            let place = Place(number: number, project: request.project)
            if let index = places[place] {
                batches[index].lines.append(request)
            } else {
                places[place] = batches.count
                batches.append(
                    SimulatedBatch(
                        id: BatchID("batch_\(batches.count + 1)"), project: request.project, lines: [request],
                        createdAt: (number + 1) * interval, deadline: number * interval + window, tier: tier))
            }
        }
        return batches
    }

    public var hasChains: Bool { self.requests.contains { !$0.chain.isEmpty } }
}
