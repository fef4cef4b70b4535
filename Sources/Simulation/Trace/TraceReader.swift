import Quantities

/// Reads the traces that people publish, and Ebb's own ledger, line by line.
///
/// Memory grows with the requests (about 70 bytes each), never with the text. Every limit has a name here.
public struct TraceReader: Sendable {
    public struct Flaw: Error, Hashable, CustomStringConvertible {
        public let line: Int
        public let reason: String
        public var description: String { "line \(self.line): \(self.reason)" }
    }

    /// Requests of one file.
    public static let requestsMax = 5_000_000
    /// Tokens of one prompt or answer.
    public static let tokensMax: Int64 = 10_000_000
    /// Block hashes of all prompts of a file.
    public static let blocksMax = 50_000_000
    /// Nanoseconds between the earliest and the latest request, whatever is simulated of them: 100 years. Sums of such
    /// times and of windows are numbers still.
    public static let spanMost: Int64 = 100 * 365 * 86_400_000_000_000

    private(set) var format: TraceFormat?
    /// Lines taken so far, blank ones included.
    private(set) var lineNumber = 0
    private var requests: [TraceRequest] = []
    private var batches: [SimulatedBatch] = []
    private var batchPlaces: [BatchID: Int] = [:]
    private var count = 0
    private var blocks = 0
    private var earliest = Int64.max
    private var latest = Int64.min
    private let window: Int64
    private let spanMax: Int64

    /// - Parameters:
    ///   - format: nil: found by the first line.
    ///   - window: nanoseconds within which recorded batches are due, where their tier does not say.
    ///   - spanMax: nanoseconds between the earliest and the latest request, at most `spanMost`.
    public init(
        format: TraceFormat? = nil, window: Int64 = 86_400_000_000_000, spanMax: Int64 = TraceReader.spanMost
    ) {
        self.format = format
        self.window = window
        self.spanMax = min(spanMax, Self.spanMost)
    }

    /// Takes the next line, without its line ending.
    public mutating func add(_ line: UnsafeRawBufferPointer) throws(Flaw) {
        self.lineNumber += 1
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { return }
        guard let format = self.format ?? TraceFormat.found(in: line) else {
            throw self.flaw("this is no Azure CSV, Mooncake JSONL or output of 'ebb ledger list --json'")
        }
        self.format = format
        switch format {
        case .azure: try self.addRow(line)
        case .mooncake: try self.addMooncake(line)
        case .ebb: try self.addCharge(line)
        }
        if self.count > Self.requestsMax { throw self.flaw("more than \(Self.requestsMax) requests") }
        if self.blocks > Self.blocksMax { throw self.flaw("more than \(Self.blocksMax) block hashes") }
        guard self.count > 0, UInt64(bitPattern: self.latest &- self.earliest) > UInt64(self.spanMax) else { return }
        throw self.flaw("more than \(self.spanMax / 86_400_000_000_000) days from another request")
    }

    /// Everything read, with times from the earliest request on.
    public mutating func finish() throws(Flaw) -> Recording {
        guard let format, self.count > 0 else { throw self.flaw("the file holds no requests") }
        let starts = self.requests.map(\.arrival) + self.batches.map(\.createdAt)
        let start = starts.min() ?? 0
        for index in self.requests.indices { self.requests[index].arrival -= start }
        for index in self.batches.indices {
            self.batches[index].createdAt -= start
            self.batches[index].deadline -= start
        }
        var trace = Trace(self.requests)
        if format == .ebb { trace.spreadSeconds() }
        return Recording(format: format, trace: trace, batches: self.batches)
    }

    /// For who cuts lines and cannot give the next one.
    public func flaw(ofNextLine reason: String) -> Flaw { Flaw(line: self.lineNumber + 1, reason: reason) }

    func flaw(_ reason: String) -> Flaw { Flaw(line: max(1, self.lineNumber), reason: reason) }

    mutating func append(_ request: TraceRequest) {
        self.counted(request)
        self.requests.append(request)
    }

    private mutating func counted(_ request: TraceRequest) {
        self.count += 1
        self.blocks += request.chain.count
        self.earliest = min(self.earliest, request.arrival)
        self.latest = max(self.latest, request.arrival)
    }

    /// Adds a line to its batch, which begins with its earliest one.
    mutating func append(_ line: TraceRequest, to id: BatchID, tier: TierName) {
        self.counted(line)
        let window = (try? CompletionWindow(tier.text))?.duration.nanosecondsClamped ?? self.window
        if let place = self.batchPlaces[id] {
            self.batches[place].lines.append(line)
            guard line.arrival < self.batches[place].createdAt else { return }
            self.batches[place].createdAt = line.arrival
            self.batches[place].deadline = line.arrival + window
        } else {
            self.batchPlaces[id] = self.batches.count
            self.batches.append(
                SimulatedBatch(
                    id: id, project: line.project, lines: [line], createdAt: line.arrival,
                    deadline: line.arrival + window, tier: tier))
        }
    }

    /// A count of tokens within its limit.
    func tokens(_ value: Int64?, _ name: String) throws(Flaw) -> Int {
        guard let value, value >= 0 else { throw self.flaw("\(name) is not a number of tokens") }
        guard value <= Self.tokensMax else { throw self.flaw("\(name) is above \(Self.tokensMax) tokens") }
        return Int(value)
    }

    /// Azure's traces as a whole.
    public static func azure(_ bytes: [UInt8]) throws(Flaw) -> Trace { try Self.read(bytes, format: .azure).trace }

    /// Mooncake's traces as a whole.
    public static func mooncake(_ bytes: [UInt8]) throws(Flaw) -> Trace {
        try Self.read(bytes, format: .mooncake).trace
    }

    /// A file that is in memory already.
    public static func read(
        _ bytes: [UInt8], format: TraceFormat? = nil, window: Int64 = 86_400_000_000_000
    ) throws(Flaw) -> Recording {
        var reader = TraceReader(format: format, window: window)
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            try text.withUnsafeBufferPointer { (buffer) throws(Flaw) in
                try reader.add(UnsafeRawBufferPointer(buffer))
            }
        }
        return try reader.finish()
    }
}

extension Trace {
    /// Times that were written in whole seconds: requests of one second are spread over it.
    mutating func spreadSeconds() {
        var first = 0
        while first < self.requests.count {
            var end = first + 1
            while end < self.requests.count, self.requests[end].arrival == self.requests[first].arrival { end += 1 }
            for index in first..<end {
                self.requests[index].arrival += Int64(index - first) * 1_000_000_000 / Int64(end - first)
            }
            first = end
        }
    }
}
