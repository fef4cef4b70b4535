/// How long the slowest lines of a pool take at their engines: what must be sent that long before a deadline.
///
/// A peak that fades: a line that took longer counts at once, each other one pulls it a hundredth of the way down.
struct LineTime: Sendable {
    private static let fading = 0.01
    /// Seconds; 0 before any line has ended.
    private(set) var longest = 0.0

    mutating func observe(_ seconds: Double) {
        self.longest = max(seconds, self.longest + Self.fading * (seconds - self.longest))
    }
}
