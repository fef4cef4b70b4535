import Gateway

/// Requests whose spans wait to be sent: bounded; what comes when it is full is dropped.
struct SpanQueue: Sendable {
    private let capacity: Int
    private var waiting: [TracedRequest] = []

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { self.waiting.count }

    /// - Returns: false when there is no room: it is lost.
    mutating func add(_ request: TracedRequest) -> Bool {
        guard self.waiting.count < self.capacity else { return false }
        self.waiting.append(request)
        return true
    }

    mutating func take(_ most: Int) -> [TracedRequest] {
        let taken = Array(self.waiting.prefix(most))
        self.waiting.removeFirst(taken.count)
        return taken
    }
}
