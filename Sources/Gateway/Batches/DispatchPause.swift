import Quantities

/// The time in which a batch sends nothing, since its last attempts found nobody who can take its lines.
///
/// It ends by itself, twice as late each time, and before that as soon as an engine shows that it serves again.
struct DispatchPause: Sendable {
    enum Cause: Equatable, Sendable {
        /// No engine could be reached, or may be asked at present.
        case reach
        /// This engine refuses the gateway's credential, or its account cannot pay.
        case account(EngineID)
        /// A result could not be stored.
        case store

        var isOfEngines: Bool { if case .store = self { false } else { true } }
    }

    static let first: Duration = .milliseconds(500)
    static let most: Duration = .seconds(30)

    private(set) var until: Instant?
    private var cause = Cause.reach
    private var length = DispatchPause.first

    /// - Returns: false while one runs already: lines that fail together are one reason for one pause.
    mutating func begin(_ cause: Cause, now: Instant) -> Bool {
        guard !self.isRunning(now) else { return false }
        if cause != self.cause { self.length = Self.first }
        self.until = now.advanced(by: self.length)
        self.cause = cause
        self.length = min(self.length * 2, Self.most)
        return true
    }

    func isRunning(_ now: Instant) -> Bool { self.until.map { now < $0 } ?? false }

    /// The next pause is a short one again, but for the store.
    ///
    /// - Returns: whether this ends the present one. An engine that refuses our account must not be asked as often as
    ///   another answers, and no engine says anything about the store.
    mutating func answered(by engine: EngineID) -> Bool {
        if self.cause != .store { self.length = Self.first }
        switch self.cause {
        case .reach: return self.end()
        case .account(engine): return self.end()
        case .account, .store: return false
        }
    }

    /// An engine that was away may be asked.
    ///
    /// - Returns: whether this ends the present pause.
    mutating func engineIsBack() -> Bool {
        if case .reach = self.cause { self.end() } else { false }
    }

    private mutating func end() -> Bool {
        defer { self.until = nil }
        return self.until != nil
    }
}
