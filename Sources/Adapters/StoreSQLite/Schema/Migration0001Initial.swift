import GRDB

/// The first schema. Frozen: a later change is a new migration.
///
/// Instants are nanoseconds since 1970 (INTEGER), amounts picodollars (INTEGER, NULL when unknown),
/// limits of money picodollars as decimal text (they may need 128 bits), ids text.
enum Migration0001Initial {
    static let name = "0001_initial"

    static func apply(_ db: Database) throws {
        try db.execute(sql: self.meta)
        try db.execute(sql: self.access)
        try db.execute(sql: self.files)
        try db.execute(sql: self.batches)
        try db.execute(sql: self.ledger)
        try db.execute(sql: self.idempotency)
    }

    private static let meta = """
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 0),
            boot_epoch INTEGER NOT NULL CHECK (boot_epoch >= 0),
            access_generation INTEGER NOT NULL CHECK (access_generation >= 0)
        ) STRICT;
        INSERT INTO meta VALUES (0, 0, 0);
        """

    private static let access = """
        CREATE TABLE project (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
            created_at INTEGER NOT NULL,
            archived_at INTEGER,
            spend_cap TEXT
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE api_key (
            id TEXT PRIMARY KEY NOT NULL,
            project TEXT NOT NULL REFERENCES project (id),
            name TEXT NOT NULL,
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            hint TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX api_key_project ON api_key (project, created_at);

        CREATE TRIGGER project_insert AFTER INSERT ON project
            BEGIN UPDATE meta SET access_generation = access_generation + 1; END;
        CREATE TRIGGER project_update AFTER UPDATE ON project
            BEGIN UPDATE meta SET access_generation = access_generation + 1; END;
        CREATE TRIGGER project_delete AFTER DELETE ON project
            BEGIN UPDATE meta SET access_generation = access_generation + 1; END;
        CREATE TRIGGER api_key_insert AFTER INSERT ON api_key
            BEGIN UPDATE meta SET access_generation = access_generation + 1; END;
        CREATE TRIGGER api_key_update AFTER UPDATE ON api_key
            BEGIN UPDATE meta SET access_generation = access_generation + 1; END;
        CREATE TRIGGER api_key_delete AFTER DELETE ON api_key
            BEGIN UPDATE meta SET access_generation = access_generation + 1; END;
        """

    private static let files = """
        CREATE TABLE file (
            id TEXT PRIMARY KEY NOT NULL,
            project TEXT NOT NULL REFERENCES project (id),
            filename TEXT NOT NULL,
            purpose TEXT NOT NULL,
            bytes INTEGER NOT NULL CHECK (bytes >= 0),
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            blob TEXT,
            line_index TEXT,
            batch TEXT,
            view TEXT CHECK (view IN ('output', 'errors')),
            CHECK ((blob IS NULL) <> (batch IS NULL)),
            CHECK ((batch IS NULL) = (view IS NULL)),
            CHECK (line_index IS NULL OR blob IS NOT NULL)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX file_project ON file (project, created_at, id);
        CREATE INDEX file_expiry ON file (expires_at) WHERE expires_at IS NOT NULL;
        CREATE INDEX file_blob ON file (blob) WHERE blob IS NOT NULL;
        CREATE INDEX file_line_index ON file (line_index) WHERE line_index IS NOT NULL;

        CREATE TABLE upload (
            id TEXT PRIMARY KEY NOT NULL,
            project TEXT NOT NULL REFERENCES project (id),
            filename TEXT NOT NULL,
            purpose TEXT NOT NULL,
            bytes INTEGER NOT NULL CHECK (bytes >= 0),
            mime_type TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'cancelled', 'expired')),
            file_expires_after INTEGER,
            file TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX upload_expiry ON upload (expires_at) WHERE status = 'pending';

        CREATE TABLE upload_part (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            upload TEXT NOT NULL REFERENCES upload (id),
            blob TEXT NOT NULL,
            bytes INTEGER NOT NULL CHECK (bytes >= 0),
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX upload_part_upload ON upload_part (upload);
        """

    private static let batches = """
        CREATE TABLE batch (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            project TEXT NOT NULL REFERENCES project (id),
            api_key TEXT,
            endpoint TEXT NOT NULL,
            input_file TEXT NOT NULL,
            input_blob TEXT,
            line_index TEXT,
            completion_window TEXT NOT NULL,
            tier TEXT NOT NULL,
            status TEXT NOT NULL,
            model TEXT,
            errors TEXT NOT NULL,
            metadata TEXT,
            output_expires_after INTEGER,
            output_file TEXT,
            error_file TEXT,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            in_progress_at INTEGER,
            finalizing_at INTEGER,
            completed_at INTEGER,
            failed_at INTEGER,
            expired_at INTEGER,
            cancelling_at INTEGER,
            cancelled_at INTEGER,
            total_lines INTEGER NOT NULL CHECK (total_lines >= 0),
            max_cost TEXT
        ) STRICT;
        CREATE INDEX batch_project ON batch (project, created_at, id);
        CREATE INDEX batch_unfinished ON batch (created_at, id)
            WHERE status NOT IN ('completed', 'failed', 'expired', 'cancelled');

        -- What the commit log counts; apart from `batch`, whose row may be long, because every group rewrites it.
        CREATE TABLE batch_progress (
            batch INTEGER PRIMARY KEY,
            completed INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            input INTEGER NOT NULL DEFAULT 0,
            cached_input INTEGER NOT NULL DEFAULT 0,
            cache_write INTEGER NOT NULL DEFAULT 0,
            cache_write_long INTEGER NOT NULL DEFAULT 0,
            audio_input INTEGER NOT NULL DEFAULT 0,
            cached_audio_input INTEGER NOT NULL DEFAULT 0,
            image_input INTEGER NOT NULL DEFAULT 0,
            output INTEGER NOT NULL DEFAULT 0,
            reasoning_output INTEGER NOT NULL DEFAULT 0,
            audio_output INTEGER NOT NULL DEFAULT 0,
            is_estimated INTEGER NOT NULL DEFAULT 0 CHECK (is_estimated IN (0, 1))
        ) STRICT;

        CREATE TABLE line_result (
            id INTEGER PRIMARY KEY,
            batch INTEGER NOT NULL,
            line INTEGER NOT NULL CHECK (line >= 0),
            succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            output BLOB NOT NULL,
            UNIQUE (batch, line)
        ) STRICT;
        CREATE INDEX line_result_failed ON line_result (batch, line) WHERE succeeded = 0;
        """

    private static let ledger = """
        CREATE TABLE charge (
            id INTEGER PRIMARY KEY,
            request TEXT NOT NULL UNIQUE,
            project TEXT NOT NULL,
            api_key TEXT,
            batch TEXT,
            line INTEGER,
            endpoint TEXT NOT NULL,
            engine TEXT NOT NULL,
            requested_model TEXT NOT NULL,
            served_model TEXT NOT NULL,
            requested_tier TEXT,
            served_tier TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            finished_at INTEGER NOT NULL,
            input INTEGER NOT NULL CHECK (input >= 0),
            cached_input INTEGER NOT NULL,
            cache_write INTEGER NOT NULL,
            cache_write_long INTEGER NOT NULL,
            audio_input INTEGER NOT NULL,
            cached_audio_input INTEGER NOT NULL,
            image_input INTEGER NOT NULL,
            output INTEGER NOT NULL CHECK (output >= 0),
            reasoning_output INTEGER NOT NULL,
            audio_output INTEGER NOT NULL,
            is_estimated INTEGER NOT NULL CHECK (is_estimated IN (0, 1)),
            amount INTEGER,
            list_amount INTEGER,
            price_version TEXT NOT NULL,
            outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'cancelled', 'broken'))
        ) STRICT;
        CREATE INDEX charge_project ON charge (project, finished_at);
        CREATE INDEX charge_batch ON charge (batch) WHERE batch IS NOT NULL;

        -- Sum of a project's amounts as whole dollars and the rest: 64 bits of picodollars end at 9.2 million dollars.
        CREATE TABLE spent (
            project TEXT PRIMARY KEY NOT NULL,
            dollars INTEGER NOT NULL,
            picodollars INTEGER NOT NULL CHECK (picodollars BETWEEN 0 AND 999999999999)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE model_output (
            model TEXT PRIMARY KEY NOT NULL,
            requests INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let idempotency = """
        CREATE TABLE idempotency (
            project TEXT NOT NULL,
            route TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            status INTEGER,
            body BLOB,
            PRIMARY KEY (project, route, idempotency_key)
        ) STRICT;
        CREATE INDEX idempotency_age ON idempotency (created_at);
        """
}
