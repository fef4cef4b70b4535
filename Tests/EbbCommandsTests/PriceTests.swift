import EbbCommands
import Pricing
import Quantities
import Testing

@Suite struct PriceTests {
    static let source = Result { try PriceSource(configuration: nil, prices: []) }

    let folder: ScratchFolder

    init() throws { self.folder = try ScratchFolder() }

    func job(
        _ model: String?, _ tier: String = "default", at: String = "2026-11-21T12:00:00Z",
        extras: [Meter: Int64] = [:], objects: Bool = false
    ) throws -> PriceJob {
        let defaults = UsagePricing.Defaults(
            model: model, tier: TierName(tier), at: try Instant(rfc3339: at), extras: extras)
        return PriceJob(
            pricing: UsagePricing(source: try Self.source.get(), defaults: defaults), printsObjects: objects)
    }

    struct Golden: Sendable, CustomTestStringConvertible {
        let name: String
        let line: String
        let dollars: String
        var testDescription: String { self.name }
    }

    static let golden: [Golden] = [
        .init(
            name: "G001 standard",
            line: #"{"model":"o3","at":"2025-05-01","usage":{"prompt_tokens":1000,"completion_tokens":500}}"#,
            dollars: "0.03"),
        .init(
            name: "G001 flex",
            line: #"{"model":"o3","service_tier":"flex","created":1746057600,"#
                + #""usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}"#,
            dollars: "0.015"),
        .init(
            name: "G001 flex after the cut",
            line: #"{"model":"o3","tier":"flex","at":"2025-07-01","input_tokens":1000,"output_tokens":500}"#,
            dollars: "0.003"),
        .init(
            name: "cached tokens are a part of the prompt",
            line: #"{"model":"gpt-4o","usage":{"prompt_tokens":2006,"completion_tokens":300,"#
                + #""prompt_tokens_details":{"cached_tokens":1920}}}"#,
            dollars: "0.005615"),
        .init(
            name: "Responses usage with reasoning",
            line: #"{"model":"gpt-5","usage":{"input_tokens":9126,"input_tokens_details":{"cached_tokens":4864},"#
                + #""output_tokens":3197,"output_tokens_details":{"reasoning_tokens":3000}}}"#,
            dollars: "0.0379055"),
        .init(
            name: "G035 90 s", line: #"{"model":"whisper-1","usage":{"type":"duration","seconds":90}}"#,
            dollars: "0.009"),
        .init(
            name: "a duration with a fraction of a second is exact",
            line: #"{"model":"whisper-1","usage":{"type":"duration","seconds":1.5}}"#, dollars: "0.00015"),
        .init(
            name: "below a second", line: #"{"model":"whisper-1","usage":{"type":"duration","seconds":2.5e-1}}"#,
            dollars: "0.000025"),
        .init(
            name: "G034 characters", line: #"{"model":"tts-1","meters":{"characters":4096}}"#, dollars: "0.06144"),
        .init(
            name: "G032 pictures", line: #"{"model":"dall-e-3","meters":{"image:1024x1792:hd":1}}"#, dollars: "0.12"),
        .init(
            name: "a token-priced picture",
            line: #"{"model":"gpt-image-1","usage":{"input_tokens":0,"output_tokens":4160}}"#, dollars: "0.1664"),
        .init(
            name: "Anthropic's usage, whose cache stands beside its input (8.3/28)",
            line: #"{"model":"gpt-4o","usage":{"input_tokens":2,"cache_read_input_tokens":129017,"#
                + #""cache_creation_input_tokens":0,"output_tokens":5}}"#,
            dollars: "0.16132625"),
        .init(
            name: "a batch output line",
            line: #"{"custom_id":"a","tier":"batch","response":{"status_code":200,"body":{"model":"o3","#
                + #""created":1767225600,"usage":{"prompt_tokens":1000000,"completion_tokens":0,"#
                + #""prompt_tokens_details":{"cached_tokens":500000}}}}}"#,
            dollars: "1"),
        .init(
            name: "the last event of a Responses stream",
            line: #"{"type":"response.completed","response":{"model":"o3","created_at":1767225600,"#
                + #""usage":{"input_tokens":1000000,"output_tokens":0}}}"#,
            dollars: "2"),
        .init(
            name: "what stands beside an answer fills in what it does not say",
            line: #"{"model":"o3","at":"2025-05-01","meters":{"searches":0},"response":{"body":{"created":1767225600,"#
                + #""usage":{"prompt_tokens":1000,"completion_tokens":500}}}}"#,
            dollars: "0.03"),
    ]

    @Test("A line's price is the published one", arguments: golden)
    func goldenLine(_ golden: Golden) async throws {
        let file = try self.folder.file("usage.jsonl", golden.line)
        let result = try await CapturedOutput.of(self.folder) { output, complain in
            let tally = try await self.job(nil).run(
                lines: try ByteInput(path: file), output: output, complain: complain)
            #expect(tally.exitStatus == 0)
            #expect(tally.total.decimalDollars == golden.dollars)
        }
        #expect(result.lines == [golden.dollars])
        #expect(result.complaints.isEmpty)
    }

    static let pictureUsages: [(model: String, details: String, dollars: String)] = [
        ("gpt-image-1", "", "0.01133"), ("gpt-image-1.5", "", "0.009074"),
        ("gpt-image-1.5", #","output_tokens_details":{"text_tokens":272}"#, "0.00309"),
        ("gpt-image-1.5", #","output_tokens_details":{"text_tokens":200,"image_tokens":72}"#, "0.004674"),
    ]

    @Test("Pictures have a price when the model is an option and details are left out", arguments: pictureUsages)
    func pictures(_ model: String, _ details: String, _ dollars: String) async throws {
        let usage = #"{"total_tokens":322,"input_tokens":50,"output_tokens":272,"#
        let kinds = #""input_tokens_details":{"text_tokens":10,"image_tokens":40}\#(details)}"#
        _ = try await CapturedOutput.of(self.folder) { output, _ in
            let tally = try self.job(model).run(texts: [Array((usage + kinds).utf8)], output: output)
            #expect(tally.exitStatus == 0 && tally.total.decimalDollars == dollars)
        }
    }

    @Test("The tier that served wins over the one that was asked for (8.3/14)")
    func servedTier() async throws {
        let usage = #""usage":{"prompt_tokens":9,"completion_tokens":1}"#
        let file = try self.folder.file(
            "usage.jsonl",
            """
            {"model":"gpt-4o","service_tier":"default",\(usage)}
            {"model":"gpt-4o","service_tier":"priority",\(usage)}
            {"model":"gpt-4o",\(usage)}
            """)
        let result = try await CapturedOutput.of(self.folder) { output, complain in
            _ = try await self.job(nil, "priority").run(
                lines: try ByteInput(path: file), output: output, complain: complain)
        }
        #expect(result.lines == ["0.0000325", "0.00005525", "0.00005525"])
    }

    @Test("What has no price is never zero: it is said, and the exit status is 3")
    func unpriced() async throws {
        let file = try self.folder.file(
            "usage.jsonl",
            """
            {"model":"no-such-model","usage":{"prompt_tokens":10,"completion_tokens":1}}
            {"model":"gpt-4o","service_tier":"flex","usage":{"prompt_tokens":10,"completion_tokens":1}}
            {"model":"gpt-4o","usage":{"prompt_tokens":10,"completion_tokens":1}}
            """)
        let result = try await CapturedOutput.of(self.folder) { output, complain in
            let tally = try await self.job(nil).run(
                lines: try ByteInput(path: file), output: output, complain: complain)
            #expect(tally.exitStatus == 3)
            #expect(tally.unpriced == 2 && tally.priced == 1)
        }
        #expect(result.lines == ["unpriced", "unpriced", "0.000035"])
        #expect(
            result.complaints.first?.hasSuffix("usage.jsonl:1: unpriced: no price for model 'no-such-model'") == true)
        #expect(result.complaints.last?.contains(":2: unpriced: no price for model 'gpt-4o' in tier 'flex'") == true)
    }

    @Test(
        "Lines that cannot be used are named and give exit status 2",
        arguments: [
            ("{", "not valid JSON"), ("[]", "not an array"), ("{}", "no usage"),
            (#"{"usage":{"prompt_tokens":1}}"#, "no model"),
            (#"{"model":"o3","usage":{"prompt_tokens":1.5}}"#, "whole number"),
            (#"{"model":"o3","usage":{"prompt_tokens":-1}}"#, "negative"),
            (#"{"model":"o3","completion_tokens":10}"#, "'prompt_tokens' (or 'input_tokens')"),
            (
                #"{"model":"o3","usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":2}}}"#, "exceed"
            ),
            (#"{"model":"o3","usage":{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}}"#, "exceed"),
            (#"{"model":"o3","at":"yesterday","usage":{"prompt_tokens":1}}"#, "'at' is not a time"),
            (#"{"model":"o3","meters":{"parsecs":1}}"#, "'meters.parsecs'"),
            (#"{"model":"whisper-1","usage":{"seconds":-1.5}}"#, "'seconds' must be"),
            (#"{"model":"whisper-1","usage":{"seconds":"1.5"}}"#, "'seconds' must be"),
            (#"{"model":"whisper-1","usage":{"seconds":0.0000000001}}"#, "nine decimals"),
            (#"{"model":"o3","created":-9223372036854775808,"usage":{"prompt_tokens":1}}"#, "'created' is not"),
            (#"{"model":"o3","meters":{"seconds":9e18,"second":9e18}}"#, "too large"),
        ])
    func flaws(_ line: String, _ message: String) async throws {
        let file = try self.folder.file("usage.jsonl", "\n" + line + "\n")
        let result = try await CapturedOutput.of(self.folder) { output, complain in
            let tally = try await self.job(nil).run(
                lines: try ByteInput(path: file), output: output, complain: complain)
            #expect(tally.exitStatus == 2)
        }
        #expect(result.lines == ["invalid"])
        #expect(result.complaints.count == 1)
        #expect(result.complaints.first?.contains(":2: ") == true)
        #expect(result.complaints.first?.contains(message) == true, "\(result.complaints)")
    }

    @Test("An object states quantity, unit price and exact amount of each meter")
    func object() async throws {
        let text = #"{"prompt_tokens":2006,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1920}}"#
        let result = try await CapturedOutput.of(self.folder) { output, _ in
            _ = try self.job("gpt-4o", objects: true).run(texts: [Array(text.utf8)], output: output)
        }
        #expect(
            result.text.contains(
                #"{"meter":"cached_input","quantity":1920,"unit_price_usd":"1.25","per":1000000,"amount_usd":"0.0024"}"#
            ))
        #expect(result.text.contains(#""amount_usd":"0.005615","list_amount_usd":"0.005615","saving_usd":"0""#))
    }

    @Test("A receipt shows meters, total and saving")
    func receipt() async throws {
        let result = try await CapturedOutput.of(self.folder) { output, _ in
            let text = #"{"prompt_tokens":10000,"completion_tokens":2000}"#
            _ = try self.job("o4-mini", "flex").run(texts: [Array(text.utf8)], output: output)
        }
        #expect(result.lines.first == "o4-mini, tier flex, at 2026-11-21T12:00:00Z")
        let cells = result.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(cells.contains(["input", "10,000", "$0.55", "/", "1,000,000", "$0.0055"]))
        #expect(cells.contains(["total", "$0.0099"]))
        #expect(cells.contains(["at", "standard", "$0.0198"]))
        #expect(cells.contains(["saving", "$0.0099"]))
    }

    @Test("Extra meters alone can be priced")
    func extras() async throws {
        let meters = ["seconds=90", "image:1024x1024=1", "image_piece(256x256 standard)=2", "sessions=3"]
        #expect(
            meters.map { MeterCount($0)?.meter } == [
                .secondInput, .imagePiece(size: "1024x1024", quality: "standard"),
                .imagePiece(size: "256x256", quality: "standard"), .session,
            ])
        #expect(MeterCount("seconds") == nil && MeterCount("seconds=-1") == nil && MeterCount("miles=1") == nil)
        let result = try await CapturedOutput.of(self.folder) { output, _ in
            let tally = try self.job("whisper-1", extras: [.secondInput: 90]).runExtras(output: output)
            #expect(tally.total.decimalDollars == "0.009")
        }
        #expect(result.text.contains("second_in"))
    }

    @Test("An own price book lies over the shipped one")
    func ownPrices() throws {
        let file = try self.folder.file(
            "own.yaml",
            """
            version: own
            models:
              llama-x: {default: {input: 1, output: 2}, from: 2020-01-01}
            """)
        do {
            let own = try PriceSource(configuration: nil, prices: [file])
            let price = try own.book.price(
                TokenUsage(input: 1_000_000, output: 0), model: "llama-x", tier: .standard,
                at: Instant(seconds: 1_800_000_000))
            #expect(price.amount.decimalDollars == "1")
        } catch let failure as CommandFailure {
            Issue.record("\(failure)")
        }
        #expect(throws: CommandFailure.self) { try PriceSource(configuration: nil, prices: ["/no/such/file"]) }
    }
}
