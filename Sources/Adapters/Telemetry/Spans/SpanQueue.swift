import Gateway

/// Requests whose spans wait to be sent: bounded; what comes when it is full is dropped and counted.
struct SpanQueue: Sendable {
    private(set) var dropped = 0
    private let capacity: Int
    private var waiting: [TracedRequest] = []

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { self.waiting.count }

    mutating func add(_ request: TracedRequest) {
        guard self.waiting.count < self.capacity else {
            self.dropped += 1
            return
        }
        self.waiting.append(request)
    }

    mutating func take(_ most: Int) -> [TracedRequest] {
        let taken = Array(self.waiting.prefix(most))
        self.waiting.removeFirst(taken.count)
        return taken
    }
}
