public import Quantities

/// Counts the sessions of a tool that is sold by the session, such as OpenAI's code interpreter in assistants.
///
/// The first call of a thread opens a session; further calls within its hour cost nothing. Calls do not prolong it.
public struct SessionCount: Sendable {
    /// How long a session is open.
    public static let duration = Duration.seconds(3_600)

    /// By thread: when its newest session ends.
    private var ends: [String: Instant] = [:]
    /// What `Meter.session` is to be given.
    public private(set) var sessions: Int64 = 0

    public init() {}

    /// Counts a call; the calls of one thread come in the order of their time.
    public mutating func call(thread: String, at instant: Instant) {
        if let end = self.ends[thread], instant < end { return }
        self.ends[thread] = instant.advanced(by: Self.duration)
        self.sessions += 1
    }
}
