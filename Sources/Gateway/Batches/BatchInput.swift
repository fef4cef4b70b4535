import Batching
import OpenAIWire
import Quantities

/// A batch's input file by line: its index in memory-light form, its lines read on demand.
struct BatchInput: Sendable {
    let index: LineIndex
    private let indexKey: BlobKey
    private let inputKey: BlobKey
    private let blobs: any BlobStore

    init(input: BlobKey, index: BlobKey, blobs: any BlobStore) throws(StoreFailure) {
        self.inputKey = input
        self.indexKey = index
        self.blobs = blobs
        let size = try blobs.size(index)
        do throws(LineIndexError) {
            self.index = try LineIndex(bytes: Int(size), read: Self.reader(index, blobs))
        } catch {
            throw .unavailable("the index of a batch file cannot be read: \(error)")
        }
    }

    private static func reader(_ key: BlobKey, _ blobs: any BlobStore) -> LineIndex.Read {
        { (offset, count) throws(LineIndexError) in
            do throws(StoreFailure) {
                return try blobs.read(key, offset: Int64(offset), count: count)
            } catch {
                throw .unreadable
            }
        }
    }

    /// Reads all records once and compares their checksum; opening checks everything else.
    func verify() throws(StoreFailure) {
        try self.reading { (read) throws(LineIndexError) in try self.index.verify(read: read) }
    }

    func entries(_ lines: Range<Int>) throws(StoreFailure) -> [LineEntry] {
        try self.reading { (read) throws(LineIndexError) in try self.index.entries(lines, read: read) }
    }

    /// The bytes of one line, without its line end.
    func line(_ line: Int) throws(StoreFailure) -> [UInt8] {
        try self.line(try self.reading { (read) throws(LineIndexError) in try self.index.entry(line, read: read) })
    }

    func line(_ entry: LineEntry) throws(StoreFailure) -> [UInt8] {
        try self.blobs.read(self.inputKey, offset: Int64(entry.offset), count: Int(entry.length))
    }

    private func reading<Value>(
        _ body: (LineIndex.Read) throws(LineIndexError) -> Value
    ) throws(StoreFailure) -> Value {
        do throws(LineIndexError) {
            return try body(Self.reader(self.indexKey, self.blobs))
        } catch {
            throw .unavailable("the index of a batch file cannot be read: \(error)")
        }
    }
}
