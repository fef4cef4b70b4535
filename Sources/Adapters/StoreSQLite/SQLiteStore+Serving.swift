public import Gateway
import Glibc
import GRDB
import Synchronization

extension SQLiteStore: ServingStore {
    /// Takes the folder's lock, counts the boot epoch up and forgets idempotency keys whose request died with an
    /// earlier process.
    public func beginServing() async throws(StoreFailure) -> Int64 {
        let descriptor = try self.folder.lockForServing()
        do throws(StoreFailure) {
            let epoch = try await self.write { db in
                try db.execute(sql: "DELETE FROM idempotency WHERE status IS NULL")
                return try Int64.fetchOne(db, sql: "UPDATE meta SET boot_epoch = boot_epoch + 1 RETURNING boot_epoch")
            }
            guard let epoch else { throw StoreFailure.unavailable("the database has no boot epoch") }
            self.servingLock.withLock { $0 = descriptor }
            return epoch
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }
}
