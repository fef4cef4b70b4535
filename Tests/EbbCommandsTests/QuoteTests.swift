import EbbCommands
import Gateway
import Quantities
import Testing

@Suite struct QuoteTests {
    func report(_ text: String, tiers: [TierName]? = nil) async throws -> QuoteReport {
        let source = try PriceSource(configuration: nil, prices: [])
        var settings = source.quoteSettings(at: try Instant(rfc3339: "2026-11-21T12:00:00Z"))
        settings.tiers = tiers
        let counter = LocalPromptCounter(encoders: Vocabularies(folders: []))
        let job = QuoteJob(book: source.book, counter: counter, settings: settings)
        var pieces = [Array(text.utf8)]
        return try await job.run { pieces.popLast() ?? [] }
    }

    static let body =
        #"{"model":"gpt-6.2-sol","messages":[{"role":"user","content":"0123456789abcdef"}],"max_tokens":100}"#

    @Test("The table has a row for each tier that has a price, standard first")
    func table() async throws {
        let text = QuoteTable.render(try await self.report(Self.body + "\n{"))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "1 request, 1 line cannot be used, prices of 2026-11-21T12:00:00Z")
        let cells = lines.map { $0.split(separator: " ").map(String.init) }
        // 11 prompt tokens at $2 and 1 to 100 output tokens at $10 a million; 2h is 30 % below standard.
        #expect(cells.contains(["standard", "$0.000032", "$0.001022", "$0.001028"]))
        #expect(cells.contains(["2h", "$0.000022", "$0.000715", "$0.000719", "$0.000307"]))
        #expect(text.contains("(estimate: vocabulary_missing)"))
    }

    @Test("An amount below a millionth of a dollar shows its digits") func smallAmounts() async throws {
        let text = QuoteTable.render(try await self.report(#"{"model":"text-embedding-3-small","input":"four"}"#))
        let cells = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(cells.contains { $0.prefix(2) == ["standard", "$0.00000002"] })
        #expect(cells.contains { $0.prefix(2) == ["batch", "$0.00000001"] })
    }

    @Test("The object has exact money, and a reason where there is no price")
    func object() async throws {
        let object = String(decoding: try await self.report(Self.body, tiers: [.batch, "flex"]).object, as: UTF8.self)
        #expect(object.contains(#""tier":"batch","floor_usd":"0.000016","expected_usd":"0.000511""#))
        #expect(object.contains(#"{"tier":"flex","unpriced":"no price for model 'gpt-6.2-sol' in tier 'flex'"}"#))
    }

    @Test("Table and object say what the expected output rests on")
    func expectation() async throws {
        var report = try await self.report(Self.body)
        #expect(
            QuoteTable.render(report).contains(
                "256 tokens an answer, or its limit where that is lower: assumed, there are no past answers of this model"
            ))
        #expect(
            String(decoding: report.object, as: UTF8.self).contains(
                #""expected_each":256,"expected_from":"assumption","past_answers":0"#))
        report.models[0].pastAnswers = 1_240
        report.models[0].expectedEach = 31
        #expect(QuoteTable.render(report).contains(": from 1,240 past answers of this model"))
        #expect(
            String(decoding: report.object, as: UTF8.self).contains(
                #""expected_each":31,"expected_from":"past_answers","past_answers":1240"#))
    }

    @Test("Table and object say what a common ending would save in front")
    func commonEnding() async throws {
        var report = try await self.report(Self.body)
        #expect(!QuoteTable.render(report).contains("in front of what varies"))
        report.models[0].endingTokens = 1_200
        report.models[0].endingSaving = try Money(decimalDollars: "0.5")
        report.models[0].inputOrderSaving = try Money(decimalDollars: "0.25")
        let text = QuoteTable.render(report)
        #expect(
            text.contains(
                "about 1,200 tokens at the end of every prompt are the same; in front of what varies they would save "
                    + "about $0.50"))
        #expect(text.contains("about $0.25 less at standard where a cache takes over equal beginnings"))
        #expect(
            String(decoding: report.object, as: UTF8.self).contains(
                #""input_order_saving_usd":"0.25","common_ending_tokens":1200,"common_ending_saving_usd":"0.5""#))
    }

    @Test("The standard data folder is XDG's, else below HOME, else none")
    func folder() {
        #expect(RunFolder.standard(["XDG_DATA_HOME": "/x", "HOME": "/h"]) == "/x/ebb/run")
        #expect(RunFolder.standard(["XDG_DATA_HOME": "x", "HOME": "/h"]) == "/h/.local/share/ebb/run")
        #expect(RunFolder.standard(["HOME": ""]) == nil)
    }

    @Test("Control characters of a file never reach the terminal")
    func controlCharacters() async throws {
        let report = try await self.report(#"{"model":"\u001b[2J","prompt":"x"}"#)
        #expect(!QuoteTable.render(report).contains("\u{1B}"))
    }
}
