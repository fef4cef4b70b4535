package import Quantities

/// Places that background work leaves free, so that the next interactive request need not preempt (R).
///
/// A reserved place costs its share of the engine all the time; a preemption costs what the victim had computed. So R
/// starts small, doubles when more than one per cent of the tokens were thrown away, and shrinks when nothing was
/// preempted for ten minutes (scheduling.md 9).
public struct ReserveController: Sendable {
    package static let wasteMax = 0.01
    package static let quiet: Duration = .seconds(600)
    package static let window: Duration = .seconds(300)

    public private(set) var places: Int
    private var placesMax: Int
    private var wasted = 0.0
    private var useful = 0.0
    private var windowBegan: Instant
    private var lastPreemption: Instant

    /// Nothing is to be thrown away: as many places as may be to begin with, and more after any preemption.
    private var isCareful: Bool

    package init(limit: Int, isCareful: Bool = false, now: Instant) {
        self.isCareful = isCareful
        self.places = isCareful && Self.isDivided(limit) ? limit / 4 : Self.start(limit)
        self.placesMax = max(1, limit / 4)
        self.windowBegan = now
        self.lastPreemption = now
    }

    /// Engines of fewer places are not divided.
    private static func isDivided(_ limit: Int) -> Bool { Double(limit) >= BackgroundController.dividedFrom }

    /// One place in sixteen, the rest counting as one.
    private static func start(_ limit: Int) -> Int { Self.isDivided(limit) ? (limit + 15) / 16 : 0 }

    /// Another protection. What was learnt stays; a careful one begins with all that may be kept free.
    package mutating func protect(isCareful: Bool) {
        guard self.isCareful != isCareful else { return }
        self.isCareful = isCareful
        if isCareful, self.placesMax >= 4 { self.places = self.placesMax }
    }

    /// The engine bears another number of requests than was thought.
    package mutating func resize(limit: Int) {
        self.placesMax = max(1, limit / 4)
        self.places = min(self.placesMax, max(self.places, Self.start(limit)))
    }

    package mutating func preempted(units: Double, now: Instant) {
        self.wasted += units
        self.lastPreemption = now
    }

    package mutating func served(units: Double) { self.useful += units }

    package mutating func tick(now: Instant) {
        if now.since(self.lastPreemption) >= Self.quiet, self.places > 0 {
            self.places -= 1
            self.lastPreemption = now
        }
        guard now.since(self.windowBegan) >= Self.window else { return }
        if self.wasted > (self.isCareful ? 0 : Self.wasteMax) * (self.wasted + self.useful) {
            self.places = min(self.placesMax, max(1, self.places * 2))
        }
        self.wasted = 0
        self.useful = 0
        self.windowBegan = now
    }
}
