public import Quantities

/// What a request finds when it comes.
public struct Outlook: Hashable, Sendable {
    /// Requests that are served before it.
    public let ahead: Int
    /// Seconds; 0 while the rate of the engines is not known.
    public let predictedWait: Double
    /// When the hours begin that it waits for; nil: it waits for none.
    public let heldUntil: Instant?
    /// Why it is not sent at once; nil: it is, or only what is before it and its hours are in its way.
    public internal(set) var cause: WaitCause?
}

/// What keeps a request from its engines, apart from others before it.
public enum WaitCause: Hashable, Sendable {
    /// None of its engines can be used.
    case enginesAway
    /// Those that can be used refuse such work; nil: until one that is tried answers.
    case enginesRefuse(until: Instant?)
    /// Engines have places, but as much background work as interactive requests bear beside it (B).
    case backgroundLimit
    /// Engines are full, but for what is kept free of background work.
    case places

    public var name: String {
        switch self {
        case .enginesAway: "engines_away"
        case .enginesRefuse: "engines_refuse"
        case .backgroundLimit: "background_limit"
        case .places: "places"
        }
    }

    /// When it ends by itself.
    public var until: Instant? {
        if case .enginesRefuse(let until) = self { return until }
        return nil
    }
}

extension Scheduler {
    /// Notes why the request that has just come waits, if it does.
    mutating func explainWait(of key: WorkKey) {
        guard !self.waiting.isEmpty, let entry = self.waiting[key] else { return }
        var outlook = self.outlook ?? Outlook(ahead: 0, predictedWait: 0, heldUntil: nil)
        outlook.cause = self.waitCause(entry.request.lane, pool: entry.request.pool)
        self.outlook = outlook
    }

    private func waitCause(_ lane: Lane, pool: Int) -> WaitCause? {
        let there = self.pools[pool].engines.filter { self.engines[$0].isAvailable }
        guard !there.isEmpty else { return .enginesAway }
        let willing = there.filter { self.engines[$0].takes(lane, self.now) }
        guard !willing.isEmpty else {
            return .enginesRefuse(until: there.compactMap { self.engines[$0].closedUntil(for: lane, self.now) }.min())
        }
        guard willing.contains(where: { self.engines[$0].hasPlaces(for: lane) }) else { return .places }
        let hasRoom = willing.contains { self.engines[$0].hasBackgroundRoom(.flex, now: self.now) }
        return lane.isInteractive || hasRoom ? nil : .backgroundLimit
    }
}
