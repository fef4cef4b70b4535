package import Quantities

/// What an engine's refusals tell of the room that it has for background work.
///
/// An engine that serves some and refuses the rest is sent as much as it has accepted, and a little more each second,
/// also where its limit is configured. One that refuses everything is left alone for a while, then tried with one
/// request. Without this a batch would send its lines as fast as they are refused.
///
/// Interactive requests are not held back: their clients want the engine's own answer, and one that is served ends the
/// pause for everybody.
public struct Overload: Sendable {
    /// Refusals on end, without an answer in between, that count as refusing everything.
    public static let refusalsMax = 5
    public static let pauseMin: Duration = .milliseconds(500)
    public static let pauseMax: Duration = .seconds(30)
    /// How often more is tried: an eighth of what it bears, at least one.
    public static let probeEvery: Duration = .seconds(1)
    static let growth = 8

    private var refusals = 0
    private var pause = Overload.pauseMin
    private var pausedUntil: Instant?
    /// Background requests that it bears; nil: it has refused none lately.
    private var accepted: Int?
    private var probedAt = Instant(nanoseconds: 0)
    /// No more background work is sent before then, since it could not be reached.
    private var unreachedUntil: Instant?

    package init() {}

    /// - Parameter left: background requests that are still there; nil when an interactive one was refused, which says
    ///   nothing of them.
    package mutating func refused(left: Int?, _ now: Instant) {
        self.refusals += 1
        if let left {
            self.accepted = max(1, min(self.accepted ?? .max, left))
            self.probedAt = now
        }
        // What was sent before the pause began and is refused during it is no news.
        guard self.refusals >= Self.refusalsMax, self.pausedUntil.map({ $0 <= now }) ?? true else { return }
        self.pausedUntil = now.advanced(by: self.pause)
        self.pause = min(self.pause * 2, Self.pauseMax)
    }

    /// It could not be reached. Answers do not end the pause that follows, as they may come on connections that were
    /// there before.
    package mutating func unreached(left: Int, _ now: Instant) {
        self.refused(left: left, now)
        self.unreachedUntil = now.advanced(by: Self.pauseMin)
    }

    /// - Parameter limit: what it is believed to bear in all; from there on refusals are forgotten.
    package mutating func answered(limit: Int, _ now: Instant) {
        guard self.refusals > 0 || self.accepted != nil else { return }
        self.refusals = 0
        self.pause = Self.pauseMin
        self.pausedUntil = nil
        self.grow(limit: limit, now)
    }

    /// Time passes. What it has may hang, so that no answer says that there is room again.
    package mutating func tick(limit: Int, _ now: Instant) {
        if self.pausedUntil == nil { self.grow(limit: limit, now) }
    }

    private mutating func grow(limit: Int, _ now: Instant) {
        guard let accepted = self.accepted, now.since(self.probedAt) >= Self.probeEvery else { return }
        self.probedAt = now
        let next = accepted + max(1, accepted / Self.growth)
        self.accepted = next < limit ? next : nil
    }

    /// It has answered nothing since it refused.
    var hasRefused: Bool { self.refusals > 0 }

    /// It refuses everything.
    package var isComplete: Bool { self.pausedUntil != nil }

    /// Requests that background work may have in flight there: none in a pause, one after it; nil: any number.
    package func places(_ now: Instant) -> Int? {
        if let unreachedUntil, now < unreachedUntil { return 0 }
        guard let pausedUntil else { return self.accepted }
        return now < pausedUntil ? 0 : 1
    }
}
