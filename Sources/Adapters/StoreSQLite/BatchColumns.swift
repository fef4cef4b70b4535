import Foundation
import Gateway
import GRDB
import Quantities

/// A batch as a row. Errors and metadata are JSON, because nothing ever looks for what is inside them.
enum BatchColumns {
    /// `batch` with its counters; a batch without results has no counter row yet.
    static let source = """
        (SELECT batch.*, coalesce(completed, 0) AS completed_lines, coalesce(failed, 0) AS failed_lines,
            coalesce(p.input, 0) AS input, coalesce(cached_input, 0) AS cached_input,
            coalesce(cache_write, 0) AS cache_write, coalesce(cache_write_long, 0) AS cache_write_long,
            coalesce(audio_input, 0) AS audio_input, coalesce(cached_audio_input, 0) AS cached_audio_input,
            coalesce(image_input, 0) AS image_input, coalesce(output, 0) AS output,
            coalesce(reasoning_output, 0) AS reasoning_output, coalesce(audio_output, 0) AS audio_output,
            coalesce(is_estimated, 0) AS is_estimated
        FROM batch LEFT JOIN batch_progress p ON p.batch = batch.seq)
        """

    static let insert = """
        INSERT INTO batch (
            id, project, api_key, completion_window, tier, created_at, endpoint, input_file, input_blob, line_index,
            status,
            model, errors, metadata, output_expires_after, output_file, error_file, expires_at, in_progress_at,
            finalizing_at, completed_at, failed_at, expired_at, cancelling_at, cancelled_at, total_lines, max_cost
        ) VALUES (
            :id, :project, :api_key, :completion_window, :tier, :created_at, :endpoint, :input_file, :input_blob,
            :line_index, :status, :model, :errors, :metadata, :output_expires_after, :output_file, :error_file,
            :expires_at, :in_progress_at, :finalizing_at, :completed_at, :failed_at, :expired_at, :cancelling_at,
            :cancelled_at, :total_lines, :max_cost
        )
        """

    /// What a batch's life changes; who it belongs to and what it was asked for stays.
    static let update = """
        UPDATE batch SET input_blob = :input_blob, line_index = :line_index, status = :status, model = :model,
            errors = :errors,
            output_file = :output_file, error_file = :error_file, expires_at = :expires_at,
            in_progress_at = :in_progress_at, finalizing_at = :finalizing_at, completed_at = :completed_at,
            failed_at = :failed_at, expired_at = :expired_at, cancelling_at = :cancelling_at,
            cancelled_at = :cancelled_at, total_lines = :total_lines, max_cost = :max_cost
        WHERE seq = :seq
        """

    /// The arguments of `update`, apart from `seq`.
    static func changing(_ batch: BatchRecord) throws -> StatementArguments {
        [
            "input_blob": batch.input?.text, "line_index": batch.index?.text, "status": batch.status,
            "model": batch.model,
            "errors": try self.json(batch.errors.map(ErrorColumn.init)), "output_file": batch.outputFile?.text,
            "error_file": batch.errorFile?.text, "expires_at": batch.expiresAt.nanoseconds,
            "in_progress_at": batch.inProgressAt?.nanoseconds, "finalizing_at": batch.finalizingAt?.nanoseconds,
            "completed_at": batch.completedAt?.nanoseconds, "failed_at": batch.failedAt?.nanoseconds,
            "expired_at": batch.expiredAt?.nanoseconds, "cancelling_at": batch.cancellingAt?.nanoseconds,
            "cancelled_at": batch.cancelledAt?.nanoseconds, "total_lines": batch.totalLines,
            "max_cost": batch.maxCost?.column,
        ]
    }

    /// The arguments of `insert`.
    static func all(_ batch: BatchRecord) throws -> StatementArguments {
        try self.changing(batch) + [
            "id": batch.id.text, "project": batch.project.text, "api_key": batch.key?.text,
            "completion_window": batch.window, "tier": batch.tier.text, "created_at": batch.createdAt.nanoseconds,
            "endpoint": batch.endpoint, "input_file": batch.inputFile.text,
            "metadata": try batch.metadata.map { try self.json($0.map { [$0.key, $0.value] }) },
            "output_expires_after": batch.outputExpiresAfter,
        ]
    }

    static func batch(_ row: Row) throws -> BatchRecord {
        let metadata: [[String]]? = try (row["metadata"] as String?).map(self.decoded)
        var batch = BatchRecord(
            id: row.id("id"), project: row.id("project"), key: row.id("api_key"), endpoint: row["endpoint"],
            inputFile: row.id("input_file"), window: row["completion_window"], tier: row.id("tier"),
            status: row["status"],
            metadata: metadata?.compactMap { $0.count == 2 ? MetadataPair(key: $0[0], value: $0[1]) : nil },
            outputExpiresAfter: row["output_expires_after"], createdAt: row.instant("created_at"),
            expiresAt: row.instant("expires_at"))
        batch.input = row.blob("input_blob")
        batch.index = row.blob("line_index")
        batch.model = row["model"]
        let errors: [ErrorColumn] = try self.decoded(row["errors"])
        batch.errors = errors.map(\.record)
        batch.outputFile = row.id("output_file")
        batch.errorFile = row.id("error_file")
        batch.inProgressAt = row.instant("in_progress_at")
        batch.finalizingAt = row.instant("finalizing_at")
        batch.completedAt = row.instant("completed_at")
        batch.failedAt = row.instant("failed_at")
        batch.expiredAt = row.instant("expired_at")
        batch.cancellingAt = row.instant("cancelling_at")
        batch.cancelledAt = row.instant("cancelled_at")
        batch.totalLines = row["total_lines"]
        batch.maxCost = try Money(column: row["max_cost"])
        batch.completedLines = row["completed_lines"]
        batch.failedLines = row["failed_lines"]
        batch.usage = ChargeColumns.usage(row)
        return batch
    }

    private struct ErrorColumn: Codable {
        var code: String
        var message: String
        var param: String?
        var line: Int64?

        init(_ record: BatchErrorRecord) {
            self.code = record.code
            self.message = record.message
            self.param = record.param
            self.line = record.line
        }

        var record: BatchErrorRecord {
            BatchErrorRecord(code: self.code, message: self.message, param: self.param, line: self.line)
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    private static func decoded<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
