import Gateway
import Ledger
import Quantities

/// Records that tests vary.
enum Samples {
    static let start = Instant(seconds: 1_790_000_000)

    static func project(_ id: ProjectID = "proj_a", name: String? = nil, second: Int64 = 0) -> ProjectRecord {
        ProjectRecord(id: id, name: name ?? id.text, createdAt: self.at(second))
    }

    static func key(_ id: KeyID, project: ProjectID = "proj_a", byte: UInt8, second: Int64 = 0) -> KeyRecord {
        KeyRecord(
            id: id, project: project, name: "laptop", hash: KeyHash([UInt8](repeating: byte, count: 32)),
            hint: "sk-ebb-…4f2a", createdAt: self.at(second))
    }

    static func file(
        _ id: FileID, project: ProjectID = "proj_a", purpose: String = "batch", second: Int64 = 0,
        expires: Int64? = nil, content: FileRecord.Content = .blob(BlobKey("blob-1"), index: BlobKey("index-1"))
    ) -> FileRecord {
        FileRecord(
            id: id, project: project, filename: "in.jsonl", purpose: purpose, bytes: 42, createdAt: self.at(second),
            expiresAt: expires.map(self.at), content: content)
    }

    static func upload(_ id: UploadID, project: ProjectID = "proj_a", expires: Int64 = 3_600) -> UploadRecord {
        UploadRecord(
            id: id, project: project, filename: "in.jsonl", purpose: "batch", bytes: 84, mimeType: "text/jsonl",
            createdAt: self.at(0), expiresAt: self.at(expires), status: "pending", fileExpiresAfter: 86_400)
    }

    static func batch(
        _ id: BatchID = "batch_a", project: ProjectID = "proj_a", status: String = "in_progress", second: Int64 = 0
    ) -> BatchRecord {
        var batch = BatchRecord(
            id: id, project: project, key: "key_a", endpoint: "/v1/chat/completions", inputFile: "file-in",
            window: "24h", tier: .batch, status: status,
            metadata: [MetadataPair(key: "z", value: "1"), MetadataPair(key: "a", value: "zwei \"2\"")],
            outputExpiresAfter: 86_400, createdAt: self.at(second), expiresAt: self.at(second + 86_400))
        batch.totalLines = 1_000
        return batch
    }

    static func charge(
        _ request: RequestID, project: ProjectID = "proj_a", batch: BatchID? = nil, line: Int32? = nil,
        amount: Int128? = 1_500_000_000, second: Int64 = 0
    ) -> Charge {
        var usage = TokenUsage(input: 100, cachedInput: 40, output: 20, reasoningOutput: 5)
        usage.imageInput = 7
        return Charge(
            request: request, project: project, key: "key_a", batch: batch, line: line,
            endpoint: "/v1/chat/completions", engine: "local", requestedModel: "small",
            servedModel: "small-2026-01-01", requestedTier: .flex, servedTier: batch == nil ? .flex : .batch,
            startedAt: self.at(second), finishedAt: self.at(second + 1), usage: usage,
            amount: amount.map { Money(picodollars: $0) }, listAmount: amount.map { Money(picodollars: $0 * 2) },
            priceVersion: "2026-11-01", outcome: .answered)
    }

    /// Turned away: the entry has nothing but the fact.
    static func refused(_ request: RequestID) -> Charge {
        var charge = self.charge(request, amount: 0)
        charge.usage = .zero
        charge.outcome = .refused
        return charge
    }

    static func line(
        _ line: Int32, of batch: BatchID = "batch_a", epoch: Int64, succeeded: Bool = true, isCharged: Bool = true,
        output: String? = nil, request: RequestID? = nil
    ) -> LineCommit {
        LineCommit(
            batch: batch, line: line, epoch: epoch, succeeded: succeeded,
            output: Array((output ?? "{\"custom_id\":\"\(line)\"}").utf8), attempts: 1,
            charge: isCharged
                ? self.charge(request ?? RequestID("req_\(batch)_\(line)"), batch: batch, line: line) : nil)
    }

    static func at(_ second: Int64) -> Instant { self.start.advanced(by: .seconds(second)) }
}
