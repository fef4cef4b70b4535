/// How long the slow lines of a pool take at their engines: what must be sent that long before a deadline.
///
/// A mean that goes up fast and comes down slowly, and so lies where one line in 25 or so is slower. One line that
/// takes an hour moves it by a quarter of that.
struct LineTime: Sendable {
    private static let rise = 0.25
    private static let fall = 0.01
    /// Seconds; 0 before any line has ended.
    private(set) var slow = 0.0

    mutating func observe(_ seconds: Double) {
        self.slow += (seconds > self.slow ? Self.rise : Self.fall) * (seconds - self.slow)
    }
}
