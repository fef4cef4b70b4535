import Gateway
import GRDB

/// The migrations in order, and the check that the data is not from a later version.
enum StoreSchema {
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration(Migration0001Initial.name, migrate: Migration0001Initial.apply)
        migrator.registerMigration(Migration0002CountedCharges.name, migrate: Migration0002CountedCharges.apply)
        migrator.registerMigration(Migration0003InputIndex.name, migrate: Migration0003InputIndex.apply)
        migrator.registerMigration(Migration0004OutcomeCheck.name, migrate: Migration0004OutcomeCheck.apply)
        migrator.registerMigration(Migration0005RefusedCharges.name, migrate: Migration0005RefusedCharges.apply)
        migrator.registerMigration(Migration0006CountedRefusals.name, migrate: Migration0006CountedRefusals.apply)
        return migrator
    }

    static func bringUpToDate(_ pool: DatabasePool) throws {
        let migrator = self.migrator
        guard try !pool.read(migrator.hasBeenSuperseded) else {
            throw StoreFailure.tooNew(
                "the database \(pool.path) was written by a later ebb; use that version or a copy of the data"
            )
        }
        try migrator.migrate(pool)
    }
}
