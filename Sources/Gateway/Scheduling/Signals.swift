import Quantities
import Scheduling

/// What one read from an engine tells the scheduler.
struct Signals {
    var key: WorkKey?
    var engine: EngineID?
    var at = Instant(seconds: 0)
    var isFirst = false
    var isDelivered = false
    var gap: Duration?
    /// Of the request, where there is a gap to tell.
    var tier: TierName?
}

/// Gaps between reads of a stream, told at most ten times a second.
struct GapMeter {
    static let tellEvery: Duration = .milliseconds(100)
    private var lastAt: Instant?
    private var toldAt: Instant?

    mutating func read(at now: Instant) -> Duration? {
        defer { self.lastAt = now }
        guard let lastAt else { return nil }
        if let toldAt, now.since(toldAt) < Self.tellEvery { return nil }
        self.toldAt = now
        return now.since(lastAt)
    }
}
