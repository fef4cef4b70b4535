public import Quantities
import Scheduling

/// What engines are given to do.
public struct Load: Sendable {
    public var trace: Trace
    public var batches: [SimulatedBatch]

    /// Requests and lines of one load at most: about 1.5 GB.
    public static let requestsMax = 20_000_000

    /// How many requests and lines a recording becomes; ask before making a load of it.
    public static func expectedCount(_ recording: Recording, rate: Double, duration: Int64?) -> Double {
        let count = Double(recording.trace.requests.count + recording.batches.reduce(0) { $0 + $1.lines.count }) * rate
        guard let duration, recording.period > 0 else { return count }
        return count * max(1, Double(duration) / Double(recording.period))
    }

    public init(trace: Trace, batches: [SimulatedBatch] = []) {
        self.trace = trace
        self.batches = batches
    }

    /// A recording at another rate and for another time.
    ///
    /// - Parameters:
    ///   - rate: times the recorded one; above 0.
    ///   - duration: nanoseconds; nil: as long as it was recorded. A longer one repeats the recording.
    public init(_ recording: Recording, rate: Double, seed: UInt64, duration: Int64?) {
        self.trace = recording.trace.scaled(by: rate, seed: seed)
        self.batches = recording.batches
        if rate != 1 {
            for index in self.batches.indices {
                let lines = self.batches[index].lines
                let count = max(1, Int((Double(lines.count) * rate).rounded()))
                self.batches[index].lines = Self.cycled(lines, count)
            }
        }
        guard let duration else { return }
        let period = recording.period
        if duration > period, period > 0 {
            self.trace = self.trace.repeated(for: duration)
            self.batches = self.batches.flatMap { batch in
                stride(from: 0, to: duration - batch.createdAt, by: Int64.Stride(period)).enumerated().map {
                    var copy = batch
                    if $0.offset > 0 { copy.id = BatchID("\(batch.id)-\($0.offset + 1)") }
                    copy.createdAt += $0.element
                    copy.deadline += $0.element
                    return copy
                }
            }
        } else {
            self.trace = self.trace.prefix(until: duration)
            self.batches = self.batches.filter { $0.createdAt < duration }
        }
    }

    /// Adds one batch of lines like these, over and over, due within a window.
    public mutating func addBacklog(_ lines: Int, like requests: [TraceRequest], window: Int64) {
        guard lines > 0, !requests.isEmpty else { return }
        self.batches.append(
            SimulatedBatch(id: "backlog", lines: Self.cycled(requests, lines), deadline: window))
    }

    static func cycled(_ requests: [TraceRequest], _ count: Int) -> [TraceRequest] {
        guard !requests.isEmpty else { return [] }
        var lines: [TraceRequest] = []
        lines.reserveCapacity(count)
        while lines.count < count { lines += requests.prefix(count - lines.count) }
        return lines
    }

    public var lineCount: Int { self.batches.reduce(0) { $0 + $1.lines.count } }
}

extension Recording {
    /// After which it may begin again, nanoseconds; 0: never, all came at one moment.
    public var period: Int64 { self.trace.requests.isEmpty ? self.span : self.trace.period }

    /// As long as it was recorded: from the first request to the last, or an hour past the last batch.
    public var span: Int64 {
        let hour: Int64 = 3_600_000_000_000
        let last = self.batches.map(\.createdAt).max().map { $0 + hour } ?? 0
        return max(self.trace.span, self.trace.requests.isEmpty ? last : 0, 1_000_000_000)
    }
}

/// A share of the standard requests that could wait.
public struct Move: Sendable {
    /// 0 to 1.
    public let share: Double
    /// `flex`, `batch`, or a window such as `2h`.
    public let tier: TierName
    /// Nanoseconds; nil: flex requests, which come one by one.
    public let window: Int64?

    public init(share: Double, tier: TierName, window: Int64?) {
        self.share = share
        self.tier = tier
        self.window = window
    }

    /// How often moved requests are handed in as a batch.
    static let intervalMax: Int64 = 300_000_000_000

    func interval(_ duration: Int64) -> Int64 {
        max(1_000_000_000, min(Self.intervalMax, duration / 60, (self.window ?? duration) / 24))
    }

    /// - Returns: the load after the move, and how many requests were moved.
    func applied(to load: Load, seed: UInt64, duration: Int64) -> (load: Load, count: Int) {
        let (rest, parted) = load.trace.parted(self.share, seed: seed)
        guard let window else {
            return (
                Load(trace: Trace(rest.requests + parted.inLane(.flex).requests), batches: load.batches),
                parted.requests.count
            )
        }
        let batches = parted.collected(every: self.interval(duration), window: window, tier: self.tier)
        return (Load(trace: rest, batches: load.batches + batches), parted.requests.count)
    }
}
