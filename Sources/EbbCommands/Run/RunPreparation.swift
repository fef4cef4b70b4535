import Crypto
import Gateway
import OpenAIWire
import Pricing
import Quantities
import Routing
import StoreSQLite

/// From an input file to a batch that may be started: conversion, quote, consent.
struct RunPreparation {
    let plan: RunPlan
    let identity: JobIdentity
    let assembly: GatewayAssembly
    let project: ProjectID

    /// What to run; nil when only the quote was wanted or the answer was no.
    func order() async throws -> BatchService.Order? {
        var settings = self.plan.settings
        let models = self.assembly.directory.table.modelNames
        if settings.model == nil, models.count == 1 { settings.onlyModel = models[0] }
        let files = self.assembly.files
        var intake = try files.begin()
        let converter: InputConverter
        let quote: RunQuote
        do {
            (converter, quote) = try await self.convert(settings, into: &intake)
        } catch {
            intake.abort()
            throw error
        }
        try self.checkPrice(quote, model: converter.model ?? "")
        self.show(quote, converter)
        guard try self.isWanted() else {
            intake.abort()
            return nil
        }
        var form = FileService.Form()
        form.purpose = "batch"
        form.filename = Self.name(self.plan.input)
        let file = try await files.finish(&intake, form: form, project: self.project)
        var metadata = [
            MetadataPair(key: Receipt.Key.job, value: self.identity.text),
            MetadataPair(key: Receipt.Key.input, value: Self.name(self.plan.input)),
        ]
        if let amounts = quote.amounts {
            metadata.append(MetadataPair(key: Receipt.Key.quotedExpected, value: amounts.expected.decimalDollars))
            metadata.append(MetadataPair(key: Receipt.Key.quotedMax, value: amounts.max.decimalDollars))
        }
        return BatchService.Order(
            inputFile: file.id, endpoint: (converter.endpoint ?? .chatCompletions).path,
            window: self.plan.tier.window.text, metadata: metadata, maxCost: self.plan.maxCost)
    }

    private func convert(
        _ settings: InputSettings, into intake: inout FileIntake
    ) async throws -> (InputConverter, RunQuote) {
        // The model must be known before the first line can be priced, and is known with the first line.
        var quote = try await self.quote(settings.model ?? settings.onlyModel)
        var converter = InputConverter(settings)
        var digest = SHA256()
        var unquoted: [ConvertedLine] = []
        func take(_ lines: [ConvertedLine]) throws {
            for line in lines {
                try line.bytes.withUnsafeBytes { try intake.append($0) }
                try [UInt8(ascii: "\n")].withUnsafeBytes { try intake.append($0) }
                if quote == nil { unquoted.append(line) } else { try quote?.add(line) }
            }
        }
        var pieces = InputPieces(path: self.plan.input)
        while let piece = try pieces.next() {
            digest.update(data: piece)
            try take(piece.withUnsafeBytes { converter.feed($0) })
            if quote == nil, let model = converter.model {
                quote = try await self.quote(model)
                for line in unquoted { try quote?.add(line) }
                unquoted = []
            }
            if converter.isStopped { break }
        }
        try take(converter.finish())
        guard converter.flaws.isEmpty else { throw Self.failure(self.plan.input, converter.flaws) }
        guard Array(digest.finalize()) == self.identity.input else {
            throw CommandFailure("'\(self.plan.input)' changed while it was read; run the command again")
        }
        if quote == nil {
            quote = try await self.quote(converter.model)
            for line in unquoted { try quote?.add(line) }
        }
        guard let quote else { throw CommandFailure("'\(self.plan.input)' names no model; give one with --model") }
        return (converter, quote)
    }

    /// - Returns: nil while the model is not known.
    private func quote(_ model: String?) async throws -> RunQuote? {
        guard let model else { return nil }
        let directory = self.assembly.directory
        guard let targets = directory.targets(for: model) else { throw Self.unserved(model, directory) }
        let statistics = try await self.assembly.store.outputStatistics(model: model)
        let average = statistics.flatMap { $0.requests > 0 ? ($0.outputTokens + $0.requests - 1) / $0.requests : nil }
        return RunQuote(
            pricer: self.assembly.pricer, names: targets.map(\.engineModel) + [model], tier: self.plan.tier.tier,
            averageOutput: average, at: self.assembly.clock.now)
    }

    static func unserved(_ model: String, _ directory: EngineDirectory) -> CommandFailure {
        let names = directory.table.modelNames
        let known = names.isEmpty ? "they list no models" : "they serve " + names.joined(separator: ", ")
        return CommandFailure(
            "no engine serves the model '\(model)'; \(known). --model \(model)=NAME runs it as another one")
    }

    private func checkPrice(_ quote: RunQuote, model: String) throws {
        guard self.plan.maxCost != nil, let reason = quote.unpriced else { return }
        throw CommandFailure(
            "--max-cost cannot be kept: '\(model)' has no price in tier \(self.plan.tier.tier) (\(reason)). "
                + "Give it one under prices in a configuration file (docs/guides/prices.md)")
    }

    private func show(_ quote: RunQuote, _ converter: InputConverter) {
        Console.error(
            "Quote: \(Self.name(self.plan.input)), \(Figures.count(Int64(converter.lineCount))) lines, model "
                + "\(converter.model ?? ""), tier \(self.plan.tier.description)")
        for line in quote.text(tier: self.plan.tier) { Console.error(line) }
        guard let cap = self.plan.maxCost else { return }
        Console.error("  limit     \(Figures.money(cap))")
        if converter.unlimitedCount > 0 {
            Console.error(
                "  note      \(Figures.count(Int64(converter.unlimitedCount))) lines set no limit on their output; "
                    + "\(CostBound.outputTokensDefault) tokens are assumed of each. --max-tokens makes the limit strict")
        }
    }

    private func isWanted() throws -> Bool {
        if self.plan.quoteOnly { return false }
        if self.plan.isConfirmed { return true }
        guard Terminal.canAsk else {
            throw CommandFailure("nobody can be asked without a terminal; add --yes to accept the quote")
        }
        if Terminal.confirms("Run it?") { return true }
        throw CommandFailure("not run")
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map { String($0) } ?? path }

    private static func failure(_ path: String, _ flaws: [InputFlaw]) -> CommandFailure {
        var seen: Set<InputFlaw> = []
        let lines = flaws.filter { seen.insert($0).inserted }.map { "\n  \($0)" }.joined()
        return CommandFailure("'\(path)' cannot be run:\(lines)")
    }
}
