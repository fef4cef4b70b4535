"""What the gateway wrote down, read from its data folder without disturbing it."""
import pathlib
import sqlite3


class Books:
    """The store of a data folder, opened read-only."""

    def __init__(self, data):
        self.folder = pathlib.Path(data)
        self.path = self.folder / "ebb.sqlite"

    def rows(self, sql, *values):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(sql, values)]
        finally:
            connection.close()

    def charges(self, batch=None):
        if batch is None:
            return self.rows("SELECT * FROM charge ORDER BY id")
        return self.rows("SELECT * FROM charge WHERE batch = ? ORDER BY id", batch)

    def results(self, batch):
        return self.rows(
            "SELECT line_result.* FROM line_result JOIN batch ON batch.seq = line_result.batch "
            "WHERE batch.id = ? ORDER BY line", batch)

    def integrity(self):
        """`ok`, or what SQLite finds wrong."""
        return "; ".join(row["integrity_check"] for row in self.rows("PRAGMA integrity_check"))

    def blobs(self):
        """Finished blobs on disk, by key."""
        return {path.name for path in (self.folder / "blobs").glob("??/*") if path.is_file()}

    def unfinished_blobs(self):
        return {path.name for path in (self.folder / "blobs" / "temporary").glob("*")}

    def referenced_blobs(self):
        """Keys that some record of the store names."""
        columns = [
            ("file", "blob"), ("file", "line_index"), ("upload_part", "blob"), ("batch", "input_blob"),
            ("batch", "line_index"),
        ]
        found = set()
        for table, column in columns:
            found |= {row["key"] for row in self.rows(
                f"SELECT {column} AS key FROM {table} WHERE {column} IS NOT NULL")}
        return found

    def orphans(self):
        """Blobs that nothing refers to, and temporary files."""
        return (self.blobs() - self.referenced_blobs()) | self.unfinished_blobs()
