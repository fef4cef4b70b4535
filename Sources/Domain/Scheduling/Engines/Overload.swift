public import Quantities

/// An engine that refuses everything: background work stays away from it for a while, then tries it with one request.
///
/// Without this a batch would send its lines as fast as they are refused. Interactive requests are not held back: their
/// clients want the engine's own answer, and one that is served ends the overload for everybody.
public struct Overload: Sendable {
    /// Refusals on end, without an answer in between, that count as an overload.
    public static let refusalsMax = 5
    public static let pauseMin: Duration = .milliseconds(500)
    public static let pauseMax: Duration = .seconds(30)

    private var refusals = 0
    private var pause = Overload.pauseMin
    private var pausedUntil: Instant?

    package init() {}

    public mutating func refused(_ now: Instant) {
        self.refusals += 1
        // What was sent before the pause began and is refused during it is no news.
        guard self.refusals >= Self.refusalsMax, self.pausedUntil.map({ $0 <= now }) ?? true else { return }
        self.pausedUntil = now.advanced(by: self.pause)
        self.pause = min(self.pause * 2, Self.pauseMax)
    }

    public mutating func answered() { self = Overload() }

    /// Requests that background work may have in flight there: none in a pause, one after it; nil: no overload.
    public func trials(_ now: Instant) -> Int? {
        guard let pausedUntil else { return nil }
        return now < pausedUntil ? 0 : 1
    }
}
