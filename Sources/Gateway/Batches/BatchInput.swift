import Batching
import OpenAIWire
import Quantities

/// A batch's input file by line: its index in memory-light form, its lines read on demand.
///
/// A file whose bytes are gone is `notFound`, and so is one whose index makes no sense: neither comes back.
struct BatchInput: Sendable {
    let index: LineIndex
    private let indexKey: BlobKey
    private let inputKey: BlobKey
    private let blobs: any BlobStore

    init(_ batch: BatchRecord, blobs: any BlobStore) throws(StoreFailure) {
        guard let input = batch.input, let index = batch.index else { throw .notFound }
        self.inputKey = input
        self.indexKey = index
        self.blobs = blobs
        _ = try blobs.size(input)
        let size = try blobs.size(index)
        self.index = try Self.reading(index, blobs) { read throws(LineIndexError) in
            try LineIndex(bytes: Int(size), read: read)
        }
    }

    /// The input of a batch, or nil when it is lost.
    static func unlessLost(_ batch: BatchRecord, blobs: any BlobStore) throws(StoreFailure) -> BatchInput? {
        do throws(StoreFailure) {
            return try BatchInput(batch, blobs: blobs)
        } catch {
            if error == .notFound { return nil }
            throw error
        }
    }

    /// Runs `body` with the bytes of an index. A failure of the disk stays what it is.
    private static func reading<Value>(
        _ key: BlobKey, _ blobs: any BlobStore, _ body: (LineIndex.Read) throws(LineIndexError) -> Value
    ) throws(StoreFailure) -> Value {
        var failure: StoreFailure?
        do throws(LineIndexError) {
            return try body { (offset: Int, count: Int) throws(LineIndexError) -> [UInt8] in
                do throws(StoreFailure) {
                    return try blobs.read(key, offset: Int64(offset), count: count)
                } catch {
                    failure = error
                    throw .unreadable
                }
            }
        } catch {
            // Bits that changed may be mended; an index that never was one may not.
            if error == .checksumMismatch { throw .unavailable("the index of a batch file is damaged: \(error)") }
            throw failure ?? .notFound
        }
    }

    /// Reads all records once and compares their checksum; opening checks everything else.
    func verify() throws(StoreFailure) {
        try self.reading { read throws(LineIndexError) in try self.index.verify(read: read) }
    }

    func entries(_ lines: Range<Int>) throws(StoreFailure) -> [LineEntry] {
        try self.reading { read throws(LineIndexError) in try self.index.entries(lines, read: read) }
    }

    /// The bytes of one line, without its line end.
    func line(_ line: Int) throws(StoreFailure) -> [UInt8] {
        try self.line(try self.reading { read throws(LineIndexError) in try self.index.entry(line, read: read) })
    }

    func line(_ entry: LineEntry) throws(StoreFailure) -> [UInt8] {
        try self.blobs.read(self.inputKey, offset: Int64(entry.offset), count: Int(entry.length))
    }

    private func reading<Value>(
        _ body: (LineIndex.Read) throws(LineIndexError) -> Value
    ) throws(StoreFailure) -> Value {
        try Self.reading(self.indexKey, self.blobs, body)
    }
}
