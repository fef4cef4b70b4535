import Batching
import OpenAIWire
import Quantities

/// A batch's output or error file as a view over its line rows, in input order.
///
/// Lines of an expired or cancelled batch that never ran have no row; the error file shows them as rows made on the
/// fly, so that ending a batch costs the same however many lines it has left.
struct BatchOutputReader: Sendable {
    /// Rows read at once, at most.
    static let pageRows = 256
    /// Bytes of rows after which a page ends, however few rows it has.
    static let pageBytes = 1 << 20

    let batch: BatchRecord
    let succeeded: Bool
    let store: any BatchStore
    let blobs: any BlobStore
    /// The last line that was given, 0-based.
    private var after: Int32 = -1
    private var absent: Absent?

    private struct Absent: Sendable {
        /// nil: lost; the lines have no custom id then.
        let input: BatchInput?
        let finished: Set<Int32>
    }

    init(batch: BatchRecord, succeeded: Bool, store: any BatchStore, blobs: any BlobStore) {
        self.batch = batch
        self.succeeded = succeeded
        self.store = store
        self.blobs = blobs
    }

    /// Why lines without a row are in the error file, or nil when they are not.
    private var absence: OutputLine.NeverExecuted? {
        guard !self.succeeded else { return nil }
        switch self.batch.status {
        case BatchStatus.expired.rawValue: return .expired
        case BatchStatus.cancelled.rawValue: return self.batch.isOverCostLimit ? .costLimit : .cancelled
        // While the last state is being sealed the size of the file is already needed.
        case BatchStatus.finalizing.rawValue: return .expired
        case BatchStatus.cancelling.rawValue: return self.batch.isOverCostLimit ? .costLimit : .cancelled
        default: return nil
        }
    }

    /// The next lines of the file, each with its line feed; nil at the end.
    mutating func next() async throws(StoreFailure) -> [UInt8]? {
        if let absence = self.absence, self.batch.totalLines > 0 { return try await self.nextWithAbsent(absence) }
        let rows = try await self.store.lines(
            of: self.batch.id, succeeded: self.succeeded, after: self.after, limit: Self.pageRows,
            bytes: Self.pageBytes)
        guard let last = rows.last else { return nil }
        self.after = last.line
        var piece: [UInt8] = []
        for row in rows { try Self.append(row, to: &piece) }
        return piece
    }

    /// Goes through all lines of the input: a row where there is one, else the line that says why there is none.
    private mutating func nextWithAbsent(_ absence: OutputLine.NeverExecuted) async throws(StoreFailure) -> [UInt8]? {
        let state = try await self.absentState()
        var piece: [UInt8] = []
        while piece.isEmpty {
            let start = Int(self.after) + 1
            var end = min(start + Self.pageRows, Int(self.batch.totalLines))
            guard start < end else { return nil }
            let failed = try await self.store.lines(
                of: self.batch.id, succeeded: false, after: self.after, limit: Self.pageRows, bytes: Self.pageBytes)
            if let last = failed.last, failed.reduce(0, { $0 + $1.output.count }) >= Self.pageBytes {
                // There may be more rows before the end of the page.
                end = min(end, Int(last.line) + 1)
            }
            var rows = failed.prefix { $0.line < Int32(end) }[...]
            let entries = try state.input?.entries(start..<end)
            for line in start..<end {
                if rows.first?.line == Int32(line) {
                    try Self.append(rows.removeFirst(), to: &piece)
                } else if !state.finished.contains(Int32(line)) {
                    try self.appendAbsent(absence, line: line, entries?[line - start], state.input, to: &piece)
                }
            }
            self.after = Int32(end) - 1
        }
        return piece
    }

    /// The size of the whole file. Rows are not read for it, only added up where they lie.
    mutating func byteCount() async throws(StoreFailure) -> Int64 {
        var total = try await self.store.lineBytes(of: self.batch.id, succeeded: self.succeeded).bytes
        guard let absence = self.absence, self.batch.totalLines > 0 else { return total }
        let state = try await self.absentState()
        var piece: [UInt8] = []
        for start in stride(from: 0, to: Int(self.batch.totalLines), by: Self.pageRows) {
            let lines = start..<min(start + Self.pageRows, Int(self.batch.totalLines))
            let entries = try state.input?.entries(lines)
            for line in lines where !state.finished.contains(Int32(line)) {
                try self.appendAbsent(absence, line: line, entries?[line - start], state.input, to: &piece)
            }
            total += Int64(piece.count)
            piece.removeAll(keepingCapacity: true)
        }
        return total
    }

    /// A row whose bytes are forgotten belongs to a file that was deleted.
    private static func append(_ row: LineRow, to piece: inout [UInt8]) throws(StoreFailure) {
        if row.output.isEmpty { throw .notFound }
        piece.append(contentsOf: row.output)
        piece.append(0x0A)
    }

    private mutating func absentState() async throws(StoreFailure) -> Absent {
        if let loaded = self.absent { return loaded }
        let state = Absent(
            input: try BatchInput.unlessLost(self.batch, blobs: self.blobs),
            finished: Set(try await self.store.finishedLines(of: self.batch.id)))
        self.absent = state
        return state
    }

    private func appendAbsent(
        _ absence: OutputLine.NeverExecuted, line: Int, _ entry: LineEntry?, _ input: BatchInput?,
        to piece: inout [UInt8]
    ) throws(StoreFailure) {
        var text: [UInt8] = []
        if let input, let entry { text = try input.line(entry) }
        let customID = text.withUnsafeBytes { bytes -> [UInt8] in
            LineBody.customID((try? BatchLineReading.scan(bytes))?.customID, in: bytes)
        }
        let id = LineResultID.text(batch: self.batch.id, line: Int32(line))
        OutputLine.appendNeverExecuted(id: id, customID: customID, reason: absence, to: &piece)
    }
}
