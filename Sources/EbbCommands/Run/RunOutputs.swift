import Gateway
import Quantities
import StoreSQLite

/// What a job leaves behind: result files next to the input, and the receipt.
struct RunOutputs {
    /// Rows read at once.
    static let pageRows = 256
    /// Bytes after which a page ends.
    static let pageBytes = 1 << 20

    let plan: RunPlan
    let assembly: GatewayAssembly
    let project: ProjectID

    func receipt(_ batch: BatchRecord, status: String) async throws -> Receipt {
        let groups = try await self.assembly.store.totals(ChargeFilter(batch: batch.id))
        return Receipt(batch, groups: groups, status: status, now: self.assembly.clock.now)
    }

    /// Writes the files, shows the receipt, and throws what the exit status has to say.
    func finish(_ batch: BatchRecord, status: String, quote: QuoteReport? = nil) async throws {
        if status == "failed" { throw Self.refusal(batch) }
        let receipt = try await self.receipt(batch, status: status)
        var files: [(name: String, path: String)] = []
        if batch.isTerminal {
            try await self.copy(batch.outputFile, to: self.plan.resultsPath, as: "results", &files)
            try await self.copy(batch.errorFile, to: self.plan.errorsPath, as: "errors", &files)
        } else {
            try await self.copy(batch, succeeded: true, to: self.plan.resultsPath, as: "results", &files)
            try await self.copy(batch, succeeded: false, to: self.plan.errorsPath, as: "errors", &files)
        }
        let file = try OutputFile(self.plan.receiptPath)
        try file.write(receipt.json)
        try file.finish()
        files.append(("receipt", self.plan.receiptPath))
        RunReport(self.plan, quote: quote).show(receipt, files: files)
        try Self.judge(receipt, errors: self.plan.errorsPath)
    }

    /// Throws what an exit status other than 0 has to say.
    static func judge(_ receipt: Receipt, errors: String) throws {
        switch receipt.exitStatus {
        case ExitStatus.capReached:
            let limit = receipt.maxCost.map { Figures.money($0) } ?? ""
            throw CommandFailure(
                "the cost limit of \(limit) has no room for the next line; \(Figures.count(receipt.notRun)) lines have "
                    + "not run. Run it again with a higher --max-cost to go on; finished lines are not paid again",
                status: ExitStatus.capReached)
        case ExitStatus.linesFailed:
            let count = receipt.lines - receipt.completed
            throw CommandFailure(
                "\(Figures.count(count)) of \(Figures.count(receipt.lines, "line")) "
                    + "\(count == 1 ? "has" : "have") no answer; "
                    + "\(errors) says why",
                status: ExitStatus.linesFailed)
        default:
            break
        }
    }

    /// Copies a sealed result file; one that retention has removed leaves the earlier copy alone.
    private func copy(
        _ id: FileID?, to path: String, as name: String, _ files: inout [(name: String, path: String)]
    ) async throws {
        guard let id else { return try OutputFile.remove(path) }
        guard try await self.assembly.store.file(id, project: self.project) != nil else {
            Console.error("The \(name) of this job were kept for 30 days and are gone; \(path) is left as it is.")
            return
        }
        var content = try await self.assembly.files.content(id, project: self.project).content
        let file = try OutputFile(path)
        while let piece = try await content.next() { try file.write(piece) }
        try file.finish()
        files.append((name, path))
    }

    /// Copies the rows of a batch that has not ended.
    private func copy(
        _ batch: BatchRecord, succeeded: Bool, to path: String, as name: String,
        _ files: inout [(name: String, path: String)]
    ) async throws {
        var after: Int32 = -1
        var file: OutputFile?
        while true {
            let rows = try await self.assembly.store.lines(
                of: batch.id, succeeded: succeeded, after: after, limit: Self.pageRows, bytes: Self.pageBytes)
            guard let last = rows.last else { break }
            let open = try file ?? OutputFile(path)
            file = open
            for row in rows { try open.write(row.output + [UInt8(ascii: "\n")]) }
            after = last.line
        }
        guard let file else { return try OutputFile.remove(path) }
        try file.finish()
        files.append((name, path))
    }

    /// A batch whose file failed validation.
    private static func refusal(_ batch: BatchRecord) -> CommandFailure {
        let lines = batch.errors.map { error in
            "\n  " + (error.line.map { "request \($0): " } ?? "") + error.message
        }
        return CommandFailure("the job was refused:\(lines.joined())")
    }
}
