import Gateway
import Glibc
import OpenAIWire
import Pricing
import Quantities

/// A job that a running gateway does: upload, create, follow, download.
struct ServerRun {
    let plan: RunPlan
    let identity: JobIdentity
    let client: ServerClient
    let pricer: Pricer
    /// Engines' names of the models that the configuration at hand knows; the API tells aliases only.
    let served: [String: [String]]
    let tokenizers: TokenizerFiles
    /// Who serves a model, by the configuration at hand.
    let engines: @Sendable (String) -> JobTier.Engines
    let clock = SystemClock()

    func run() async throws {
        guard self.plan.maxCost == nil else {
            throw CommandFailure(
                "--max-cost works for jobs that run here; a gateway keeps the limit of its project (ebb projects limit)"
            )
        }
        if let earlier = try await self.earlierBatch(), !(self.plan.again && earlier.isFinished) {
            let isOver = earlier.isFinished
            Console.error(
                isOver
                    ? "This job is finished; nothing is run or paid again (--again would)."
                    : "The gateway has this job already: \(earlier.id).")
            return try await self.finish(isOver ? earlier : try await self.follow(earlier.id))
        }
        let (batch, quote) = try await self.create()
        guard let batch else { return RunReport(self.plan, quote: quote).show(nil) }
        Console.error("The gateway runs it as \(batch.id).")
        try await self.finish(try await self.follow(batch.id), quote: quote)
    }

    /// The newest batch of this job that was not refused.
    private func earlierBatch() async throws -> BatchFacts? {
        var found: BatchFacts?
        _ = try await self.client.list("/batches", limit: 10_000, pageMax: 100) { (page) throws(ServerFailure) in
            for object in page where found == nil {
                let batch = try BatchFacts(object)
                let job = object["metadata"]?[Receipt.Key.job]?.string
                if job == self.identity.text, batch.status != "failed" { found = batch }
            }
        }
        return found
    }

    /// The batch is nil when only the quote was wanted.
    private func create() async throws -> (batch: BatchFacts?, quote: QuoteReport) {
        let models = (try await self.client.get("/models").json())["data"]?.array?.compactMap { $0["id"]?.string } ?? []
        var settings = self.plan.settings
        if settings.model == nil, models.count == 1 { settings.onlyModel = models[0] }
        let shelf = Vocabularies.standard(option: nil)
        var conversion = JobConversion(
            plan: self.plan, identity: self.identity, settings: settings, book: self.pricer.book,
            counter: LocalPromptCounter(encoders: shelf, tokenizers: self.tokenizers),
            ledger: nil, priceNames: PriceNames.of(self.served, pricer: self.pricer, at: self.clock.now),
            models: models)
        conversion.servings = self.servings(models)
        let folder = ProcessEnvironment.all["TMPDIR"] ?? "/tmp"
        let path = "\(folder)/ebb-run-\(self.identity.text.prefix(16))-\(getpid()).jsonl"
        // Prompts in a folder that all users share.
        let file = try OutputFile(path, mode: 0o600)
        defer { unlink(path) }
        let result = try await conversion.run(at: self.clock.now) { try file.write($0) }
        if let note = shelf.note { Console.error("ebb: \(note)") }
        let consent = QuoteConsent(plan: self.plan, result: result)
        if consent.amounts == nil {
            Console.error(
                "A gateway does not tell its prices, nor which model of an engine '\(result.model)' is; it may "
                    + "charge all the same. With --config and its ebb.yaml they are known here.")
        }
        guard try consent.isGiven() else { return (nil, result.report) }
        try file.finish()
        // A repeated call after a lost connection must not make a second job; a job run again must.
        let key = "ebb-run-\(self.identity.text.prefix(32))-\(self.clock.now.nanoseconds)"
        let uploaded = try await self.client.uploadFile(
            path: path, purpose: "batch", filename: self.plan.inputName, idempotencyKey: key + "-file"
        ).json()
        guard let id = uploaded["id"]?.string else { throw ServerFailure.strange("a file without an id") }
        let metadata = Receipt.metadata(self.plan, self.identity, consent.amounts)
        let body = JSONValue.object([
            .init("input_file_id", .string(id)), .init("endpoint", .string(result.endpoint.path)),
            .init("completion_window", .string(self.plan.tier.window.text)),
            .init("metadata", .object(metadata.map { .init($0.key, .string($0.value)) })),
        ])
        let answer = try await self.client.post("/batches", json: body.encoded, idempotencyKey: key)
        return (try BatchFacts(try answer.json()), result.report)
    }

    /// Shows progress until the batch has ended.
    private func follow(_ id: String) async throws -> BatchFacts {
        let watch = ServerWatch(id: id, client: self.client, clock: self.clock, cost: { self.cost($0) })
        let signals = StopSignals(first: { watch.end(.interrupted) })
        signals.start()
        let clock = self.clock
        let progress = Task {
            var progress = RunProgress(clock: clock, isDrawn: Terminal.canDraw)
            await progress.run(read: { try await watch.read() }, check: { _ in })
        }
        let ending = await watch.ended()
        progress.cancel()
        await progress.value
        signals.stop()
        switch ending {
        case .finished(let batch): return batch
        case .failed(let failure): throw failure
        case .interrupted:
            throw CommandFailure(
                "no longer watching; the gateway goes on with \(id). Run the same command again for the results, or "
                    + "'ebb batch cancel \(id)' to stop it",
                status: ExitStatus.interrupted)
        }
    }

    /// Only of models that bought engines alone serve: the table has the others' prices as it is.
    private func servings(_ models: [String]) -> [String: [QuoteServing]] {
        var servings: [String: [QuoteServing]] = [:]
        for model in models where self.engines(model) == .bought {
            servings[model] = (self.served[model] ?? [model]).map { name in
                let known = self.pricer.priceName([name, model], at: self.clock.now)
                return QuoteServing(priceName: known ?? name, isBought: true)
            }
        }
        return servings
    }

    private func names(_ model: String) -> [String] { (self.served[model] ?? []) + [model] }

    private static func usage(_ object: JSONValue) -> TokenUsage? {
        object.encoded.withUnsafeBytes { bytes in (try? UsageReading.read(bytes))?.usage }
    }

    /// What the usage so far comes to. It is known as a sum only, so the mean request chooses the context band.
    private func cost(_ batch: BatchFacts) -> Money? {
        guard let object = batch.object["usage"], object.kind == .object,
            let usage = Self.usage(object)
        else { return nil }
        let moment = batch.object["in_progress_at"]?.integer.map { Instant(seconds: $0) } ?? self.clock.now
        let model = batch.object["model"]?.string ?? ""
        // The answers tell their tiers at the end; until then the dearer one of a bought engine is taken.
        let tier = JobTier(tier: self.plan.tier.tier, engines: self.engines(model)).charged(nil)
        let table = self.pricer.table(names: self.names(model), tier: tier, at: moment)
        return try? table?.charge(usage: usage, inputForBand: usage.input / max(1, batch.completed), at: moment)
    }

    private func finish(_ batch: BatchFacts, quote: QuoteReport? = nil) async throws {
        if batch.status == "failed" {
            throw CommandFailure("the job was refused:" + batch.errorLines.map { "\n  \($0)" }.joined())
        }
        var files: [(name: String, path: String)] = []
        for (member, name, path) in [
            ("output_file_id", "results", self.plan.resultsPath), ("error_file_id", "errors", self.plan.errorsPath),
        ] {
            if let file = batch.object[member]?.string {
                try await self.client.download("/files/\(PathText.encoded(file))/content", to: path)
                files.append((name, path))
            } else {
                try OutputFile.remove(path)
            }
        }
        let receipt = try self.receipt(batch)
        let file = try OutputFile(self.plan.receiptPath)
        try file.write(receipt.json)
        try file.finish()
        files.append(("receipt", self.plan.receiptPath))
        RunReport(self.plan, quote: quote).show(receipt, files: files)
        try RunOutputs.judge(receipt, errors: self.plan.errorsPath)
    }

    /// The API does not tell what a batch cost, so its answers are priced here, by the same rules and this side's
    /// prices.
    private func receipt(_ batch: BatchFacts) throws -> Receipt {
        func moment(_ name: String) -> Instant? { batch.object[name]?.integer.map { Instant(seconds: $0) } }
        let metadata = batch.object["metadata"]
        func money(_ key: String) -> Money? { metadata?[key]?.string.flatMap { try? Money(decimalDollars: $0) } }
        let started = moment("in_progress_at") ?? moment("created_at") ?? self.clock.now
        let model = batch.object["model"]?.string ?? ""
        var sums = AnswerPricing(
            pricer: self.pricer, names: self.names(model),
            tier: JobTier(tier: self.plan.tier.tier, engines: self.engines(model)), moment: started,
            endpoint: Endpoint(path: batch.object["endpoint"]?.string ?? "") ?? .chatCompletions)
        if batch.object["output_file_id"]?.string != nil { try sums.read(self.plan.resultsPath) }
        return Receipt(
            status: batch.status, batch: batch.id, input: self.plan.inputName, model: model,
            tier: self.plan.tier.tier.text, window: self.plan.tier.window.text, lines: batch.total,
            completed: batch.completed, failed: batch.failed, usage: sums.usage, charged: sums.charged,
            standard: sums.standard, unpricedRequests: sums.unpriced, served: sums.served,
            quotedExpected: money(Receipt.Key.quotedExpected), quotedMax: money(Receipt.Key.quotedMax),
            maxCost: nil, startedAt: started,
            endedAt: moment("completed_at") ?? moment("expired_at") ?? moment("cancelled_at") ?? self.clock.now)
    }
}
