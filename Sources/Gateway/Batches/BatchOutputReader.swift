import Batching
import OpenAIWire
import Quantities

/// A batch's output or error file as a view over its line rows, in input order.
///
/// Lines of an expired or cancelled batch that never ran have no row; the error file shows them as rows made on the
/// fly, so that ending a batch costs the same however many lines it has left.
struct BatchOutputReader: Sendable {
    /// Rows read at once.
    static let pageRows = 256

    let batch: BatchRecord
    let succeeded: Bool
    let store: any BatchStore
    let blobs: any BlobStore

    /// Why lines without a row are in the error file, or nil when they are not.
    private var absence: OutputLine.NeverExecuted? {
        guard !self.succeeded else { return nil }
        switch self.batch.status {
        case BatchStatus.expired.rawValue: return .expired
        case BatchStatus.cancelled.rawValue: return .cancelled
        // While the last state is being sealed the size of the file is already needed.
        case BatchStatus.finalizing.rawValue: return .expired
        case BatchStatus.cancelling.rawValue: return .cancelled
        default: return nil
        }
    }

    func stream(_ write: ([UInt8]) async throws -> Void) async throws {
        if let absence = self.absence, self.batch.totalLines > 0 {
            try await self.streamWithAbsent(absence, write)
        } else {
            try await self.streamRows(write)
        }
    }

    private func streamRows(_ write: ([UInt8]) async throws -> Void) async throws {
        var after: Int32 = -1
        while true {
            let rows = try await self.store.lines(
                of: self.batch.id, succeeded: self.succeeded, after: after, limit: Self.pageRows)
            guard let last = rows.last else { return }
            after = last.line
            var piece: [UInt8] = []
            for row in rows {
                piece.append(contentsOf: row.output)
                piece.append(0x0A)
            }
            try await write(piece)
        }
    }

    private func streamWithAbsent(_ absence: OutputLine.NeverExecuted, _ write: ([UInt8]) async throws -> Void) async throws {
        guard let inputKey = self.batch.input, let indexKey = self.batch.index else { return }
        let input = try BatchInput(input: inputKey, index: indexKey, blobs: self.blobs)
        let finished = Set(try await self.store.finishedLines(of: self.batch.id))
        var rows = try await self.store.lines(
            of: self.batch.id, succeeded: false, after: -1, limit: Self.pageRows)[...]
        var piece: [UInt8] = []
        for start in stride(from: 0, to: Int(self.batch.totalLines), by: Self.pageRows) {
            let end = min(start + Self.pageRows, Int(self.batch.totalLines))
            let entries = try input.entries(start..<end)
            for (line, entry) in zip(start..<end, entries) {
                if finished.contains(Int32(line)) {
                    guard rows.first?.line == Int32(line) else { continue }
                    piece.append(contentsOf: rows.removeFirst().output)
                    piece.append(0x0A)
                    if rows.isEmpty {
                        rows = try await self.store.lines(
                            of: self.batch.id, succeeded: false, after: Int32(line), limit: Self.pageRows)[...]
                    }
                } else {
                    let text = try input.line(entry)
                    self.appendAbsent(absence, line: Int32(line), text: text, to: &piece)
                }
            }
            try await write(piece)
            piece.removeAll(keepingCapacity: true)
        }
    }

    private func appendAbsent(_ absence: OutputLine.NeverExecuted, line: Int32, text: [UInt8], to piece: inout [UInt8]) {
        let id = LineResultID.text(batch: self.batch.id, line: line)
        let customID = text.withUnsafeBytes { bytes -> [UInt8] in
            guard let reading = try? BatchLineReading.scan(bytes), case .text(let slice, _) = reading.customID else {
                return Array("\"\"".utf8)
            }
            return Array(bytes[slice.range])
        }
        OutputLine.appendNeverExecuted(id: id, customID: customID, reason: absence, to: &piece)
    }
}
