import Gateway

/// Requests whose spans wait to be sent: bounded; what comes when it is full is dropped and counted.
struct SpanQueue: Sendable {
    /// Requests whose spans were lost, here or on their way.
    private(set) var lost = 0
    private let capacity: Int
    private var waiting: [TracedRequest] = []

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { self.waiting.count }

    /// - Returns: false when there is no room: it is lost.
    mutating func add(_ request: TracedRequest) -> Bool {
        guard self.waiting.count < self.capacity else {
            self.lost += 1
            return false
        }
        self.waiting.append(request)
        return true
    }

    mutating func lost(_ requests: Int) { self.lost += requests }

    mutating func take(_ most: Int) -> [TracedRequest] {
        let taken = Array(self.waiting.prefix(most))
        self.waiting.removeFirst(taken.count)
        return taken
    }
}
