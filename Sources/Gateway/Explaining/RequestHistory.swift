public import Quantities
import Synchronization

/// A request and its way.
public struct RequestTrace: Hashable, Sendable {
    public let request: RequestID
    public let project: ProjectID
    /// The batch's line that it was, if any; 0-based.
    public var batch: BatchID?
    public var line: Int32 = 0
    public var path: RequestPath

    package init(request: RequestID, project: ProjectID, path: RequestPath) {
        self.request = request
        self.project = project
        self.path = path
    }
}

/// The ways of the last requests that ended, in memory: for `ebb explain`, until newer ones take their places.
public final class RequestHistory: Sendable {
    /// Requests that are kept: about 300 bytes each, 6 MB in all. Of older ones the ledger knows the cost.
    public static let requestsMax = 20_000

    private let ring: Mutex<RequestRing>

    public init(requestsMax: Int = RequestHistory.requestsMax) {
        self.ring = Mutex(RequestRing(capacity: requestsMax))
    }

    func keep(_ trace: RequestTrace) { self.ring.withLock { $0.append(trace) } }

    /// The newest trace of that id.
    public func trace(of request: RequestID) -> RequestTrace? { self.ring.withLock { $0.trace(of: request) } }

    /// The newest one of a batch's line. Looks at all of them, without the lock that every request takes: for people's
    /// questions only.
    func trace(ofLine line: Int, in batch: BatchID) -> RequestTrace? {
        let ring = self.ring.withLock { $0 }
        return ring.trace(ofLine: line, in: batch)
    }
}

/// A ring of traces with an index by id: each bucket knows its newest trace, each trace the one before it in its
/// bucket. Links to traces that were written over are told by their numbers, so that nothing is ever removed.
struct RequestRing: Sendable {
    private struct Entry: Sendable {
        let id: CompactRequestID
        let project: ProjectID
        let batch: BatchID?
        let line: Int32
        let path: RequestPath
        /// Number of the entry before in the same bucket; 0: none.
        let before: Int

        var trace: RequestTrace {
            var trace = RequestTrace(request: self.id.request, project: self.project, path: self.path)
            trace.batch = self.batch
            trace.line = self.line
            return trace
        }
    }

    private let capacity: Int
    private var entries: [Entry] = []
    private var buckets: [Int]
    /// Traces that were ever appended; the last one's number.
    private var count = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        var size = 16
        while size < capacity { size *= 2 }
        self.buckets = [Int](repeating: 0, count: size)
    }

    private func bucket(_ id: CompactRequestID) -> Int { id.bucket & (self.buckets.count - 1) }

    mutating func append(_ trace: RequestTrace) {
        self.count += 1
        let id = CompactRequestID(trace.request)
        let bucket = self.bucket(id)
        let entry = Entry(
            id: id, project: trace.project, batch: trace.batch, line: trace.line, path: trace.path,
            before: self.buckets[bucket])
        self.buckets[bucket] = self.count
        if self.entries.count < self.capacity {
            self.entries.append(entry)
        } else {
            self.entries[(self.count - 1) % self.capacity] = entry
        }
    }

    func trace(ofLine line: Int, in batch: BatchID) -> RequestTrace? {
        // The place after the newest is that of the oldest, or the first one while there is room.
        let newest = self.entries.isEmpty ? 0 : (self.count - 1) % self.capacity + 1
        func isOfLine(_ entry: Entry) -> Bool { entry.batch == batch && Int(entry.line) == line }
        return (self.entries[..<newest].last(where: isOfLine) ?? self.entries[newest...].last(where: isOfLine))?.trace
    }

    func trace(of request: RequestID) -> RequestTrace? {
        let id = CompactRequestID(request)
        var number = self.buckets[self.bucket(id)]
        while number > 0, number > self.count - self.capacity {
            let entry = self.entries[(number - 1) % self.capacity]
            if entry.id == id { return entry.trace }
            number = entry.before
        }
        return nil
    }
}
