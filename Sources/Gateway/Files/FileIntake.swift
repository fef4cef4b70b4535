import Batching
import Quantities

/// One file on its way in: bytes to the blob, lines to the index, at the speed at which they come.
///
/// The purpose may be known only after the bytes (form fields come in any order), so every upload is indexed as if it
/// were a batch input. Not for concurrent use.
public struct FileIntake {
    private let writer: any BlobWriter
    private var indexer: FileIndexer
    private let bytesMax: Int64
    public private(set) var byteCount: Int64 = 0

    init(writer: any BlobWriter, limits: GatewayLimits) {
        self.writer = writer
        self.indexer = FileIndexer(limits: limits.batch)
        self.bytesMax = limits.fileBytes
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GatewayError) {
        self.byteCount += Int64(bytes.count)
        guard self.byteCount <= self.bytesMax else {
            throw GatewayError(FileRefusal.fileTooLarge(bytes: self.byteCount, max: self.bytesMax))
        }
        do throws(StoreFailure) { try self.writer.append(bytes) } catch { throw GatewayError(error) }
        self.indexer.feed(bytes)
    }

    /// Makes the bytes durable.
    mutating func finish() throws(GatewayError) -> (blob: BlobKey, index: [UInt8], facts: FileFacts) {
        let (index, facts) = self.indexer.finish()
        do throws(StoreFailure) { return (try self.writer.finish(), index, facts) } catch { throw GatewayError(error) }
    }

    public func abort() { self.writer.abort() }
}

extension GatewayError {
    init(_ refusal: FileRefusal) {
        self = .invalid(refusal.message, param: refusal.param, code: refusal.code, status: refusal.status)
    }
}
