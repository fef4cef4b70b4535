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

    /// The one of a batch's line. Looks at all of them: for people's questions only.
    func trace(ofLine line: Int, in batch: BatchID) -> RequestTrace? {
        self.ring.withLock { $0.first { $0.batch == batch && Int($0.line) == line } }
    }
}

/// A ring of traces with an index by id: each bucket knows its newest trace, each trace the one before it in its
/// bucket. Links to traces that were written over are told by their numbers, so that nothing is ever removed.
struct RequestRing: Sendable {
    private struct Entry: Sendable {
        let trace: RequestTrace
        /// Number of the entry before in the same bucket; 0: none.
        let before: Int
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

    /// Ids differ in their last bytes.
    private func bucket(_ request: RequestID) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        request.text.utf8.withContiguousStorageIfAvailable { bytes in
            for place in max(0, bytes.count - 12)..<bytes.count {
                hash = (hash ^ UInt64(bytes[place])) &* 0x100_0000_01B3
            }
        }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (self.buckets.count - 1)
    }

    mutating func append(_ trace: RequestTrace) {
        self.count += 1
        let bucket = self.bucket(trace.request)
        let entry = Entry(trace: trace, before: self.buckets[bucket])
        self.buckets[bucket] = self.count
        if self.entries.count < self.capacity {
            self.entries.append(entry)
        } else {
            self.entries[(self.count - 1) % self.capacity] = entry
        }
    }

    func first(where isMeant: (RequestTrace) -> Bool) -> RequestTrace? {
        self.entries.first { isMeant($0.trace) }?.trace
    }

    func trace(of request: RequestID) -> RequestTrace? {
        var number = self.buckets[self.bucket(request)]
        while number > 0, number > self.count - self.capacity {
            let entry = self.entries[(number - 1) % self.capacity]
            if entry.trace.request == request { return entry.trace }
            number = entry.before
        }
        return nil
    }
}
