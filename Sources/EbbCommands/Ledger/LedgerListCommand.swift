import ArgumentParser
import Gateway
import Ledger
import OpenAIWire
import Quantities
import StoreSQLite

/// `ebb ledger list`.
struct LedgerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists charges in the order in which they were written.",
        discussion: """
            Any number of charges streams through in constant memory.

            ebb ledger list --since 24h
            ebb ledger list --project research --json > charges.jsonl
            """)

    /// Charges read at a time.
    static let pageMax = 1_000

    @OptionGroup var options: LedgerOptions

    @Flag(help: "Print one object a charge, with every field.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.options.data.withStore { store in
                let filter = try await self.options.filter(store)
                var table = TextTable([
                    "ENDED", "MODEL", "TIER", "#INPUT", "#CACHED", "#OUTPUT", "#AMOUNT", "OUTCOME", "REQUEST",
                ])
                var after: Int64 = 0
                while true {
                    let page = try await store.charges(filter, after: after, limit: Self.pageMax)
                    if self.json {
                        try StandardOutput.lines(page.map { ChargeText.json($0.charge).encoded })
                    } else if after == 0 || !page.isEmpty {
                        try table.print(page.map { ChargeText.row($0.charge) })
                    }
                    guard let last = page.last, page.count == Self.pageMax else { return }
                    after = last.row
                }
            }
        }
    }
}

/// A charge as text.
enum ChargeText {
    static func row(_ charge: Charge) -> [String] {
        [
            ShownTime.text(charge.finishedAt), charge.servedModel, charge.servedTier.spoken,
            String(charge.usage.input), String(charge.usage.cachedInput), String(charge.usage.output),
            charge.amount?.description ?? "unpriced", self.outcome(charge), charge.request.text,
        ]
    }

    /// `refused x12` where one entry counts as many.
    private static func outcome(_ charge: Charge) -> String {
        charge.outcome.rawValue + (charge.requests > 1 ? " x\(Figures.count(charge.requests))" : "")
    }

    /// Every field; money as decimal dollars in text, null where there is no price.
    static func json(_ charge: Charge) -> JSONValue {
        func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) { members.append(.init(name, value)) }
        add("request", .string(charge.request.text))
        add("project", .string(charge.project.text))
        add("key", text(charge.key?.text))
        add("batch", text(charge.batch?.text))
        // 1-based, as in validation errors.
        add("line", charge.line.map { .integer(Int64($0) + 1) } ?? .null)
        add("endpoint", .string(charge.endpoint))
        add("engine", .string(charge.engine.text))
        add("requested_model", .string(charge.requestedModel))
        add("served_model", .string(charge.servedModel))
        add("requested_tier", text(charge.requestedTier?.text))
        add("served_tier", .string(charge.servedTier.text))
        add("started_at", .string(charge.startedAt.rfc3339))
        add("finished_at", .string(charge.finishedAt.rfc3339))
        add("usage", UsageText.json(charge.usage))
        add("amount", text(charge.amount?.decimalDollars))
        add("list_amount", text(charge.listAmount?.decimalDollars))
        add("price_version", .string(charge.priceVersion))
        add("outcome", .string(charge.outcome.rawValue))
        add("requests", .integer(charge.requests))
        return .object(members)
    }
}

/// Token counts as an object.
enum UsageText {
    static func json(_ usage: TokenUsage) -> JSONValue {
        let counts: [(String, Int64)] = [
            ("input", usage.input), ("cached_input", usage.cachedInput), ("cache_write", usage.cacheWrite),
            ("cache_write_long", usage.cacheWriteLong), ("audio_input", usage.audioInput),
            ("cached_audio_input", usage.cachedAudioInput), ("image_input", usage.imageInput),
            ("output", usage.output), ("reasoning_output", usage.reasoningOutput),
            ("audio_output", usage.audioOutput),
        ]
        var members = counts.map { JSONValue.Member($0.0, .integer($0.1)) }
        members.append(.init("is_estimated", .bool(usage.isEstimated)))
        return .object(members)
    }
}
