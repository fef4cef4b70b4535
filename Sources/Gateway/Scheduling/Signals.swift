import Quantities
import Scheduling

/// What one read from an engine tells the scheduler.
struct Signals {
    var key: WorkKey?
    var engine: EngineID?
    var at = Instant(seconds: 0)
    var isFirst = false
    var isDelivered = false
    /// Tokens of the prompt that the engine has computed; nil: it does not tell, or nothing new.
    var promptComputed: Int?
    /// Told with a gap.
    var outputTokens: Int?
    var gap: Duration?
    /// Of the request, where there is a gap to tell.
    var tier: TierName?

    var isNews: Bool { self.isFirst || self.isDelivered || self.gap != nil || self.promptComputed != nil }
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
