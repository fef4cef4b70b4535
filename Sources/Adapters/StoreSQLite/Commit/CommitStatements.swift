import GRDBSQLite

/// The prepared statements of the commit path, for one connection.
struct CommitStatements {
    /// The texts of the charge that is being inserted.
    let texts = TextArena()
    let begin: RawStatement
    let commit: RawStatement
    let rollback: RawStatement
    let bootEpoch: RawStatement
    let findBatch: RawStatement
    let insertLine: RawStatement
    let deleteLine: RawStatement
    let insertCharge: RawStatement
    let countRefusal: RawStatement
    let addProgress: RawStatement
    let addSpent: RawStatement
    let addModelOutput: RawStatement
    let countCharges: RawStatement

    init(on connection: OpaquePointer) throws(SQLiteFailure) {
        self.begin = try RawStatement("BEGIN IMMEDIATE", on: connection)
        self.commit = try RawStatement("COMMIT", on: connection)
        self.rollback = try RawStatement("ROLLBACK", on: connection)
        self.bootEpoch = try RawStatement("SELECT boot_epoch FROM meta", on: connection)
        self.findBatch = try RawStatement("SELECT seq, status FROM batch WHERE id = ?1", on: connection)
        self.insertLine = try RawStatement(
            """
            INSERT INTO line_result (batch, line, succeeded, attempts, output) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (batch, line) DO NOTHING
            """, on: connection)
        self.deleteLine = try RawStatement("DELETE FROM line_result WHERE batch = ?1 AND line = ?2", on: connection)
        self.insertCharge = try RawStatement(ChargeColumns.insert, on: connection)
        self.countRefusal = try RawStatement(
            """
            UPDATE charge SET requests = requests + 1, finished_at = max(finished_at, ?2)
            WHERE request = ?1 AND outcome = 'refused'
            """, on: connection)
        self.addProgress = try RawStatement(
            """
            INSERT INTO batch_progress VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
            ON CONFLICT (batch) DO UPDATE SET
                completed = completed + excluded.completed,
                failed = failed + excluded.failed,
                input = input + excluded.input,
                cached_input = cached_input + excluded.cached_input,
                cache_write = cache_write + excluded.cache_write,
                cache_write_long = cache_write_long + excluded.cache_write_long,
                audio_input = audio_input + excluded.audio_input,
                cached_audio_input = cached_audio_input + excluded.cached_audio_input,
                image_input = image_input + excluded.image_input,
                output = output + excluded.output,
                reasoning_output = reasoning_output + excluded.reasoning_output,
                audio_output = audio_output + excluded.audio_output,
                is_estimated = max(is_estimated, excluded.is_estimated)
            """, on: connection)
        self.addSpent = try RawStatement(
            """
            INSERT INTO spent VALUES (?1, ?2, ?3)
            ON CONFLICT (project) DO UPDATE SET
                dollars = dollars + excluded.dollars + (picodollars + excluded.picodollars) / 1000000000000,
                picodollars = (picodollars + excluded.picodollars) % 1000000000000
            """, on: connection)
        self.addModelOutput = try RawStatement(
            """
            INSERT INTO model_output VALUES (?1, ?2, ?3)
            ON CONFLICT (model) DO UPDATE SET
                requests = requests + excluded.requests,
                output_tokens = output_tokens + min(excluded.output_tokens, 9223372036854775807 - output_tokens)
            """, on: connection)
        self.countCharges = try RawStatement(
            "UPDATE counted SET through = (SELECT coalesce(max(id), 0) FROM charge)", on: connection)
    }

    func finalize() {
        for statement in [
            self.begin, self.commit, self.rollback, self.bootEpoch, self.findBatch, self.insertLine, self.deleteLine,
            self.insertCharge, self.countRefusal, self.addProgress, self.addSpent, self.addModelOutput,
            self.countCharges,
        ] {
            statement.finalize()
        }
    }
}
