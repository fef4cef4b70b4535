import Gateway
import GRDB
import GRDBSQLite
import Ledger
import Quantities

/// Writes groups of entries, each in one transaction.
///
/// Unchecked: it is touched on the database's writer queue only, which runs one block at a time.
final class CommitWriter: @unchecked Sendable {
    private var statements: CommitStatements?
    /// Charges that the stored sums do not contain yet; nil until it was asked.
    private var uncounted: Int64?

    /// All of the group in one transaction; if one entry spoils it, each entry in its own.
    func commit(_ group: [CommitQueue.Waiting], on db: Database) -> [Result<CommitResult, StoreFailure>] {
        do {
            return try self.write(group[...], on: db).map { .success($0) }
        } catch let error where group.count > 1 && Self.isAboutOneEntry(error) {
            return group.indices.map { index in
                Result { try self.write(group[index...index], on: db)[0] }.mapError { StoreFailure(wrapping: $0) }
            }
        } catch {
            let failure = StoreFailure(wrapping: error)
            return group.map { _ in .failure(failure) }
        }
    }

    func finalize() {
        self.statements?.finalize()
        self.statements = nil
        self.uncounted = nil
    }

    private static func isAboutOneEntry(_ error: any Error) -> Bool {
        (error as? SQLiteFailure)?.isAboutOneEntry ?? (error is QuantityError)
    }

    private func write(_ group: ArraySlice<CommitQueue.Waiting>, on db: Database) throws -> [CommitResult] {
        guard let connection = db.sqliteConnection else { throw StoreFailure.unavailable("the store is closed") }
        let statements = try self.prepared(on: connection)
        try statements.begin.run()
        do {
            var tally = CommitTally()
            var results: [CommitResult] = []
            results.reserveCapacity(group.count)
            for waiting in group {
                switch waiting.entry {
                case .charge(let charge): results.append(try Self.write(charge, &tally, statements))
                case .line(let line): results.append(try Self.write(line, &tally, statements))
                }
                Failpoint.hit("commit.middle")
            }
            try Self.write(tally, statements)
            let uncounted = try self.counting(tally.charges, on: db, statements)
            try statements.commit.run()
            self.uncounted = uncounted
            return results
        } catch {
            // A full disk has rolled back by itself already.
            if sqlite3_get_autocommit(connection) == 0 { try statements.rollback.run() }
            throw error
        }
    }

    /// Adds what is uncounted to the stored sums when it has become much.
    /// - Returns: what is left uncounted once the transaction is committed.
    private func counting(_ written: Int64, on db: Database, _ statements: CommitStatements) throws -> Int64 {
        let uncounted = try self.uncounted.map { $0 + written } ?? ChargeCount.uncountedNumber(db)
        guard uncounted >= ChargeCount.uncountedMax else { return uncounted }
        let count = try ChargeCount.uncounted(db)
        for (project, amount) in count.spent {
            let (dollars, picodollars) = ChargeColumns.split(amount)
            statements.addSpent.bind(1, project.text)
            statements.addSpent.bind(2, dollars)
            statements.addSpent.bind(3, picodollars)
            try statements.addSpent.run()
        }
        for (model, output) in count.modelOutput {
            statements.addModelOutput.bind(1, model)
            statements.addModelOutput.bind(2, output.requests)
            statements.addModelOutput.bind(3, output.outputTokens)
            try statements.addModelOutput.run()
        }
        try statements.countCharges.run()
        return 0
    }

    private func prepared(on connection: OpaquePointer) throws(SQLiteFailure) -> CommitStatements {
        if let statements = self.statements { return statements }
        let statements = try CommitStatements(on: connection)
        self.statements = statements
        return statements
    }

    private static func write(
        _ charge: Charge, _ tally: inout CommitTally, _ statements: CommitStatements
    ) throws -> CommitResult {
        try ChargeColumns.bind(charge, to: statements.insertCharge, in: statements.texts)
        guard try statements.insertCharge.run() == 1 else {
            return charge.outcome == .refused ? try Self.count(charge, statements) : .duplicate
        }
        tally.charges += 1
        return .committed
    }

    /// One more refusal for the entry of an earlier one.
    private static func count(
        _ charge: Charge, _ statements: CommitStatements
    ) throws(SQLiteFailure) -> CommitResult {
        statements.countRefusal.bind(1, charge.request.text)
        statements.countRefusal.bind(2, charge.finishedAt.nanoseconds)
        return try statements.countRefusal.run() == 1 ? .committed : .duplicate
    }

    private static func write(
        _ line: LineCommit, _ tally: inout CommitTally, _ statements: CommitStatements
    ) throws -> CommitResult {
        var batch = try self.batch(line.batch, &tally, statements)
        guard let sequence = batch.sequence, try line.epoch == self.bootEpoch(&tally, statements) else {
            return .stale
        }
        let changes = try line.output.withUnsafeBytes { output in
            statements.insertLine.bind(1, sequence)
            statements.insertLine.bind(2, Int64(line.line))
            statements.insertLine.bind(3, line.succeeded ? 1 : 0)
            statements.insertLine.bind(4, Int64(line.attempts))
            statements.insertLine.bind(5, borrowing: output)
            return try statements.insertLine.run()
        }
        guard changes == 1 else { return .duplicate }
        if let charge = line.charge, try self.write(charge, &tally, statements) == .duplicate {
            statements.deleteLine.bind(1, sequence)
            statements.deleteLine.bind(2, Int64(line.line))
            try statements.deleteLine.run()
            return .duplicate
        }
        if line.succeeded {
            batch.completed += 1
            if let charge = line.charge { batch.usage = try batch.usage.adding(charge.usage) }
        } else {
            batch.failed += 1
        }
        tally.batches[line.batch] = batch
        return .committed
    }

    private static func bootEpoch(
        _ tally: inout CommitTally, _ statements: CommitStatements
    ) throws(SQLiteFailure) -> Int64? {
        if tally.bootEpoch == nil {
            tally.bootEpoch = try statements.bootEpoch.first { sqlite3_column_int64($0, 0) }
        }
        return tally.bootEpoch
    }

    private static func batch(
        _ id: BatchID, _ tally: inout CommitTally, _ statements: CommitStatements
    ) throws(SQLiteFailure) -> CommitTally.Batch {
        if let known = tally.batches[id] { return known }
        statements.findBatch.bind(1, id.text)
        let sequence: Int64? =
            try statements.findBatch.first { row in
                let status = sqlite3_column_text(row, 1).map { String(cString: $0) } ?? ""
                return BatchRecord.terminalStatuses.contains(status) ? nil : sqlite3_column_int64(row, 0)
            } ?? nil
        let batch = CommitTally.Batch(sequence: sequence)
        tally.batches[id] = batch
        return batch
    }

    private static func write(_ tally: CommitTally, _ statements: CommitStatements) throws(SQLiteFailure) {
        for batch in tally.batches.values {
            guard let sequence = batch.sequence, batch.completed + batch.failed > 0 else { continue }
            statements.addProgress.bind(1, sequence)
            statements.addProgress.bind(2, batch.completed)
            statements.addProgress.bind(3, batch.failed)
            ChargeColumns.bind(batch.usage, to: statements.addProgress, from: 4)
            try statements.addProgress.run()
        }
    }
}
