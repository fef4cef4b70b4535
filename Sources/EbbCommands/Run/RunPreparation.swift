import ConfigurationYAML
import Gateway
import OpenAIWire
import Pricing
import Quantities
import Routing
import Scheduling
import StoreSQLite

/// From an input file to a batch that may be started here: conversion, quote, consent.
struct RunPreparation {
    let plan: RunPlan
    let identity: JobIdentity
    let assembly: GatewayAssembly
    let project: ProjectID

    struct Prepared {
        let quote: QuoteReport
        /// What to run; nil when only the quote was wanted.
        let order: BatchService.Order?
    }

    func prepare() async throws -> Prepared {
        let table = self.assembly.directory.table
        var settings = self.plan.settings
        if settings.model == nil, table.modelNames.count == 1 { settings.onlyModel = table.modelNames[0] }
        let now = self.assembly.clock.now
        let shelf = Vocabularies.standard(option: nil)
        let local = LocalPromptCounter(
            encoders: shelf,
            tokenizers: TokenizerFiles(self.assembly.configuration.models))
        let counter = EngineTokenizer(client: self.assembly.client, table: table, fallback: local)
        var conversion = JobConversion(
            plan: self.plan, identity: self.identity, settings: settings, book: self.assembly.pricer.book,
            counter: counter, ledger: self.assembly.store,
            priceNames: PriceNames.of(table, pricer: self.assembly.pricer, at: now), models: table.modelNames)
        conversion.width = EngineTokenizer.width
        conversion.servings = PriceNames.servings(table, pricer: self.assembly.pricer, at: now) {
            table.engines[$0]?.kind.isOwned == false
        }
        conversion.tiersPricedAs = self.assembly.configuration.tiers.pricedAs
        let files = self.assembly.files
        var intake = try files.begin()
        let result: JobConversion.Result
        let consent: QuoteConsent
        do {
            result = try await conversion.run(at: now) { try intake.append($0) }
            if let note = shelf.note { Console.error("ebb: \(note)") }
            consent = QuoteConsent(plan: self.plan, result: result)
            guard try consent.isGiven() else {
                intake.abort()
                return Prepared(quote: result.report, order: nil)
            }
        } catch {
            intake.abort()
            throw error
        }
        var form = FileService.Form()
        form.purpose = "batch"
        form.filename = self.plan.inputName
        let file = try await files.finish(&intake, form: form, project: self.project)
        let order = BatchService.Order(
            inputFile: file.id, endpoint: result.endpoint.path, window: self.plan.tier.window.text,
            metadata: Receipt.metadata(self.plan, self.identity, consent.amounts).map {
                MetadataPair(key: $0.key, value: $0.value)
            }, maxCost: self.plan.maxCost)
        return Prepared(quote: result.report, order: order)
    }
}
