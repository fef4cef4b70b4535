/// How long a place is taken for a unit of service: what tells when one will be free.
///
/// Of work that ended, not of time with work, so that it is known and stays true where nobody ever waits.
struct PlaceTime: Sendable {
    /// Weight of what was known, after a request: a mean over about twenty, as more requests at a time slow each other.
    private static let memory = 0.95
    /// Requests that must have ended before anything is told.
    static let countMin = 3
    private var units = 0.0
    private var seconds = 0.0
    private var count = 0

    /// Seconds; nil: not known yet.
    var perUnit: Double? { self.count >= Self.countMin && self.units > 0 ? self.seconds / self.units : nil }

    mutating func observe(units: Double, seconds: Double) {
        self.units = self.units * Self.memory + units
        self.seconds = self.seconds * Self.memory + seconds
        self.count += 1
    }
}
