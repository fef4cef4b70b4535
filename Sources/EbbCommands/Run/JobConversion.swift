import Crypto
import Gateway
import OpenAIWire
import Pricing
import Quantities

/// Reads a job's input once: converts it to batch lines, hands them on, and quotes them on the way.
struct JobConversion {
    let plan: RunPlan
    let identity: JobIdentity
    let settings: InputSettings
    let book: PriceBook
    let counter: any PromptCounting
    /// Where answers of the past tell how long those to come will be.
    let ledger: (any LedgerStore)?
    /// Names under which models have their prices.
    let priceNames: [String: String]
    /// The engines that may serve each model.
    var servings: [String: [QuoteServing]] = [:]
    var tiersPricedAs: [TierName: TierName] = [:]
    /// Names that are served.
    let models: [String]
    /// Prompts that are counted at the same time.
    var width = Processors.online

    struct Result {
        let report: QuoteReport
        let model: String
        let endpoint: Endpoint
        let lineCount: Int
        /// Lines that set no limit on their output.
        let unlimitedCount: Int
    }

    /// - Parameter sink: gets the bytes of the batch file in order.
    /// - Throws: `CommandFailure` for input that cannot be run, and for a model that is not served.
    func run(at moment: Instant, sink: (UnsafeRawBufferPointer) throws -> Void) async throws -> Result {
        let pieces = InputPieces(path: self.plan.input)
        var converter = InputConverter(self.settings)
        var digest = SHA256()
        var isAtEnd = false
        var isServed = false
        var quoting = QuoteJob.Settings(tiers: [self.plan.tier.tier], at: moment)
        quoting.priceNames = self.priceNames
        quoting.servings = self.servings
        quoting.tiersPricedAs = self.tiersPricedAs
        quoting.width = self.width
        let job = QuoteJob(book: self.book, counter: self.counter, ledger: self.ledger, settings: quoting)
        let report = try await job.run {
            while !isAtEnd {
                var lines: [ConvertedLine]
                if let piece = try pieces.next(), !converter.isStopped {
                    digest.update(data: piece)
                    lines = piece.withUnsafeBytes { converter.feed($0) }
                } else {
                    isAtEnd = true
                    lines = converter.finish()
                }
                guard converter.flaws.isEmpty else { continue }
                if !isServed, let model = converter.model {
                    guard self.models.contains(model) else { throw Self.unserved(model, self.models) }
                    isServed = true
                }
                var bytes: [UInt8] = []
                for line in lines {
                    bytes += line.bytes
                    bytes.append(UInt8(ascii: "\n"))
                }
                if bytes.isEmpty { continue }
                try bytes.withUnsafeBytes { try sink($0) }
                return bytes
            }
            return []
        }
        guard converter.flaws.isEmpty else { throw self.failure(converter.flaws) }
        guard Array(digest.finalize()) == self.identity.input else {
            throw CommandFailure("'\(self.plan.input)' changed while it was read; run the command again")
        }
        if let line = report.invalidLines.first {
            let place = converter.places.line(line.line)
            throw CommandFailure("'\(self.plan.input)' cannot be run:\n  line \(place): \(line.message)")
        }
        return Result(
            report: report, model: converter.model ?? "", endpoint: converter.endpoint ?? .chatCompletions,
            lineCount: converter.lineCount, unlimitedCount: converter.unlimitedCount)
    }

    static func unserved(_ model: String, _ names: [String]) -> CommandFailure {
        let known = names.isEmpty ? "it lists no models" : "served are " + names.prefix(20).joined(separator: ", ")
        return CommandFailure(
            "the model '\(model)' is not served; \(known). --model \(model)=NAME runs it as another one")
    }

    private func failure(_ flaws: [InputFlaw]) -> CommandFailure {
        let lines = flaws.sentences.map { "\n  \($0)" }.joined()
        return CommandFailure("'\(self.plan.input)' cannot be run:\(lines)")
    }
}

/// Shows a quote and asks whether to go on.
struct QuoteConsent {
    let plan: RunPlan
    let result: JobConversion.Result

    var row: QuoteRow? {
        self.result.report.models.first { $0.model == self.result.model }?.rows
            .first { ($0.name ?? $0.tier) == self.plan.tier.tier }
    }

    var amounts: QuoteRow.Amounts? { self.row?.amounts }

    /// - Returns: false when only the quote was wanted.
    /// - Throws: `CommandFailure` when the answer is no, or nobody can be asked, or a cost limit cannot be kept.
    func isGiven() throws -> Bool {
        let name = self.plan.inputName
        Console.error("Quote: \(name), tier \(self.plan.tier.description)")
        Console.error(QuoteTable.render(self.result.report))
        self.warnOfNoPrice()
        if let cap = self.plan.maxCost { try self.show(cap) }
        if self.plan.quoteOnly { return false }
        if self.plan.isConfirmed { return true }
        guard Terminal.canAsk else {
            throw CommandFailure("nobody can be asked without a terminal; add --yes to accept the quote")
        }
        if Terminal.confirms("Run it?") { return true }
        throw CommandFailure("not run")
    }

    /// The table has such a row too, but the price that is missing is the one that the job would be charged by.
    private func warnOfNoPrice() {
        guard case .unpriced(let reason)? = self.row?.price else { return }
        Console.error(
            "Unpriced: '\(self.result.model)' has no price in tier \(self.plan.tier.tier.spoken) (\(reason)). The job "
                + "is not charged at another tier's price: its receipt will say 'unpriced'.")
    }

    private func show(_ cap: Money) throws {
        if case .unpriced(let reason)? = self.row?.price {
            throw CommandFailure(
                "--max-cost cannot be kept: '\(self.result.model)' has no price in tier \(self.plan.tier.tier.spoken) "
                    + "(\(reason)). Give it one under prices in a configuration file (docs/guides/prices.md)")
        }
        Console.error("It stops before it costs more than \(Figures.money(cap)).")
        if self.result.unlimitedCount > 0 {
            Console.error(
                "\(Figures.count(self.result.unlimitedCount, "request")) without a limit on the output; "
                    + "\(CostBound.outputTokensDefault) tokens are assumed of each. With --max-tokens it is strict."
            )
        }
    }
}
