import GRDB

/// Finds the batches that need a blob without reading all batches: each deletion of a file asks.
enum Migration0003InputIndex {
    static let name = "0003_input_index"

    static func apply(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE INDEX batch_input_blob ON batch (input_blob) WHERE input_blob IS NOT NULL;
                CREATE INDEX batch_line_index ON batch (line_index) WHERE line_index IS NOT NULL;
                CREATE INDEX file_batch ON file (batch) WHERE batch IS NOT NULL;
                """)
    }
}
