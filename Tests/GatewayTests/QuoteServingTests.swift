import Gateway
import OpenAIWire
import Pricing
import Quantities
import Testing

@Suite("Quotes of jobs that bought engines serve") struct QuoteServingTests {
    private static let model = "e-m"

    /// One token of prompt, a hundred of output at most: 202 units at the standard price.
    private func row(
        _ servings: [QuoteServing], book: [TierName] = [.standard, .flex, .batch], tier: TierName = .batch,
        body: String = #"{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"a"}]}"#
    ) async throws -> QuoteRow {
        var settings = QuoteJob.Settings(tiers: [tier], at: QuoteJobTests.noon)
        settings.priceNames = ["m": Self.model]
        settings.servings = ["m": servings]
        let job = QuoteJob(
            book: try BoughtTierTests.book(book), counter: LocalPromptCounter(encoders: NoVocabulary()),
            settings: settings)
        var rest = Array(body.utf8)
        let report = try await job.run {
            defer { rest = [] }
            return rest
        }
        return try #require(report.models.first?.rows.first)
    }

    private static func serving(isBought: Bool) -> QuoteServing {
        QuoteServing(priceName: Self.model, isBought: isBought)
    }

    private func own(_ tier: TierName, book: [TierName] = [.standard, .flex, .batch]) async throws -> QuoteRow.Amounts {
        try #require(try await self.row([Self.serving(isBought: false)], book: book, tier: tier).amounts)
    }

    @Test("expected is flex where it is sold, at most standard")
    func flex() async throws {
        let row = try await self.row([Self.serving(isBought: true)])
        let (flex, standard) = (try await self.own(.flex), try await self.own(.standard))
        #expect(row.tier == .batch && row.askedAs == [.flex])
        #expect(row.amounts == .init(floor: flex.floor, expected: flex.expected, max: standard.max))
        #expect(row.expectedSaving == Money(picodollars: standard.expected.picodollars / 2))
    }

    @Test("without flex, and for what cannot name a tier, it is the standard price")
    func standard() async throws {
        let standard = try await self.own(.standard)
        for book in [[TierName.standard, .batch], [.standard], [.standard, .batch, .priority]] {
            let row = try await self.row([Self.serving(isBought: true)], book: book)
            #expect(row.amounts == standard && row.askedAs == [.standard], "\(book)")
        }
        let line = #"{"custom_id":"1","body":{"model":"m","max_tokens":100,"prompt":"a"}}"#
        let legacy = try await self.row([Self.serving(isBought: true)], body: line)
        #expect(legacy.askedAs == [.standard])
        #expect(legacy.expectedSaving == .zero)
    }

    @Test("own engines and bought ones together: the least of all, and the dearest")
    func together() async throws {
        let row = try await self.row([Self.serving(isBought: false), Self.serving(isBought: true)])
        let (batch, flex) = (try await self.own(.batch), try await self.own(.flex))
        let standard = try await self.own(.standard)
        #expect(row.amounts == .init(floor: batch.floor, expected: flex.expected, max: standard.max))
    }

    @Test("own engines, and the standard tier, are quoted as they were")
    func plain() async throws {
        let own = try await self.row([Self.serving(isBought: false)])
        let batch = try await self.own(.batch)
        #expect(own.askedAs.isEmpty && own.amounts == batch)
        let standard = try await self.row([Self.serving(isBought: true)], tier: .standard)
        let list = try await self.own(.standard)
        #expect(standard.askedAs.isEmpty && standard.amounts == list)
    }

    @Test("unpriced where one of the engines would be")
    func unpriced() async throws {
        let bought = try await self.row([Self.serving(isBought: true)], book: [.batch, .priority])
        #expect(bought.amounts == nil)
        let together = try await self.row(
            [Self.serving(isBought: true), Self.serving(isBought: false)], book: [.standard, .flex])
        #expect(together.amounts == nil && together.askedAs == [.flex])
    }
}
