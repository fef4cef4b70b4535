import Batching
public import Logging
import Quantities

/// Removes what has expired: files and their bytes, uploads that were never completed, idempotency keys, and blobs that
/// no record refers to any more (a crash between bytes and record leaves such).
public final class RetentionSweeper: Sendable {
    /// Files removed in one go.
    static let batchSize = 100
    /// A blob younger than one sweep may belong to an upload that is still under way.
    public static let interval: Duration = .seconds(60)

    private let files: FileService
    private let store: any FileStore & IdempotencyStore
    private let blobs: any BlobStore
    private let clock: any GatewayClock
    private let logger: Logger

    public init(
        files: FileService, store: any FileStore & IdempotencyStore, blobs: any BlobStore, clock: any GatewayClock,
        logger: Logger
    ) {
        self.files = files
        self.store = store
        self.blobs = blobs
        self.clock = clock
        self.logger = logger
    }

    /// Blobs without a record; only at start, before anything can be under way.
    public func removeOrphans() async throws(StoreFailure) {
        let referenced = try await self.store.referencedBlobs()
        var count = 0
        for key in try self.blobs.keys() where !referenced.contains(key) {
            try self.blobs.delete(key)
            count += 1
        }
        if count > 0 { self.logger.info("removed orphaned blobs", metadata: ["count": "\(count)"]) }
    }

    /// One sweep over what has expired.
    public func sweep() async throws {
        let now = self.clock.now
        while true {
            let expired = try await self.store.expiredFiles(now: now, limit: Self.batchSize)
            for file in expired {
                try await self.files.remove(file)
                self.logger.info(
                    "file expired and removed",
                    metadata: ["file.id": "\(file.id)", "bytes": "\(file.bytes)", "purpose": "\(file.purpose)"])
            }
            if expired.count < Self.batchSize { break }
        }
        for upload in try await self.store.expiredUploads(now: now, limit: Self.batchSize) {
            for blob in try await self.store.close(upload.id, status: "expired") { try self.blobs.delete(blob) }
            self.logger.info("upload expired", metadata: ["upload.id": "\(upload.id)"])
        }
        try await self.store.deleteIdempotency(before: now.advanced(by: .zero - IdempotencyRule.lifetime))
    }

    /// Sweeps until cancelled.
    public func run() async {
        while true {
            do {
                try await self.sweep()
                try await self.clock.sleep(for: Self.interval)
            } catch is CancellationError {
                return
            } catch {
                self.logger.error("sweep failed", metadata: ["reason": "\(error)"])
                guard (try? await self.clock.sleep(for: Self.interval)) != nil else { return }
            }
        }
    }
}
