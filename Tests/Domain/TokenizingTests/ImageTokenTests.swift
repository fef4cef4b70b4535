import Testing
import Tokenizing

/// Worked examples of the published image rules (OpenAI's images and vision guide; Silicon.fr's price of 2023).
@Suite struct ImageTokenTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let width: Int
        let height: Int
        let detail: ImageDetail
        let model: String
        let tokens: Int

        init(_ width: Int, _ height: Int, _ detail: ImageDetail, _ model: String, _ tokens: Int) {
            self.width = width
            self.height = height
            self.detail = detail
            self.model = model
            self.tokens = tokens
        }

        var testDescription: String { "\(self.width)x\(self.height) \(self.detail) \(self.model)" }
    }

    @Test(
        "Worked examples",
        arguments: [
            Example(1000, 1000, .high, "gpt-4-vision-preview", 765),
            Example(9000, 7, .low, "gpt-4-vision-preview", 85),
            Example(1024, 1024, .high, "gpt-4o", 765),
            Example(2048, 4096, .high, "gpt-4o", 1105),
            Example(512, 512, .high, "gpt-4o", 255),
            Example(513, 512, .high, "gpt-4o", 425),
            Example(1920, 1080, .high, "gpt-4o", 1105),
            Example(2000, 1000, .high, "gpt-4o", 1105),
            Example(10000, 100, .high, "gpt-4o", 765),
            Example(1024, 1024, .high, "gpt-4o-mini", 25_501),
            Example(1024, 1024, .high, "gpt-5", 630),
            Example(1920, 1080, .high, "o3", 975),
            Example(1024, 1024, .high, "o3", 675),
            Example(1024, 1024, .high, "gpt-4.1-mini", 1659),
            Example(1024, 1024, .high, "gpt-4.1-nano", 2520),
            Example(1024, 1024, .high, "o4-mini", 1762),
            Example(1800, 2400, .high, "gpt-4.1-mini", 2353),
            Example(1800, 2400, .high, "o4-mini", 2498),
            Example(1800, 2400, .high, "gpt-5-nano", 3572),
            Example(1920, 1080, .high, "gpt-5-mini", 2443),
            Example(1024, 1024, .high, "gpt-5.4", 1229),
            Example(2048, 2048, .high, "gpt-5.4", 3000),
            Example(4000, 3000, .original, "gpt-5.4", 11_868),
            Example(4000, 3000, .high, "gpt-5.4", 2942),
            Example(1024, 1024, .auto, "gpt-4o-2024-08-06", 765),
            Example(4000, 3000, .auto, "gpt-5.5", 11_868),
            Example(4000, 3000, .low, "gpt-5.5", 231),
            Example(4000, 3000, .original, "gpt-6-astra", 14_100),
        ])
    func workedExample(example: Example) throws {
        let rule = try #require(ImageTokenRule.forModel(example.model))
        let size = try #require(ImageSize(width: example.width, height: example.height))
        let outcome = rule.tokens(size: size, detail: example.detail)
        #expect(outcome.tokens == example.tokens)
        #expect(outcome.reasons.isEmpty)
    }

    @Test("Turning an image does not change its tokens", arguments: ["gpt-4o", "gpt-5-mini", "gpt-5.4", "gpt-6-astra"])
    func symmetry(model: String) throws {
        let rule = try #require(ImageTokenRule.forModel(model))
        for width in stride(from: 1, to: 9000, by: 613) {
            for height in stride(from: 1, to: 9000, by: 757) {
                let one = rule.tokens(size: ImageSize(width: width, height: height), detail: .high)
                #expect(one == rule.tokens(size: ImageSize(width: height, height: width), detail: .high))
                #expect(one.tokens > 0)
            }
        }
    }

    @Test("Patches never exceed the budget, also for extreme shapes")
    func budget() throws {
        for (width, height) in [
            (1, 2_000_000), (10, 100_000), (31, 1_000_000), (Int(Int32.max), Int(Int32.max)), (7000, 33),
        ] {
            let size = try #require(ImageSize(width: width, height: height))
            let tokens = ImageTokenRule.patches(multiplier: 100).tokens(size: size, detail: .high).tokens
            #expect((1...1536).contains(tokens), "\(width)x\(height): \(tokens)")
        }
    }

    @Test("An unknown size gives the upper bound and an estimate")
    func unknownSize() throws {
        for (model, bound) in [("gpt-4o", 85 + 8 * 170), ("o4-mini", 2642), ("gpt-5.4", 3000), ("gpt-6-astra", 3000)] {
            let outcome = try #require(ImageTokenRule.forModel(model)).tokens(size: nil, detail: .high)
            #expect(outcome.tokens == bound)
            #expect(outcome.reasons == [.imageSizeUnknown])
        }
        #expect(try #require(ImageTokenRule.forModel("gpt-4o")).tokens(size: nil, detail: .low).reasons == [])
    }

    @Test("What is not published is an estimate")
    func unpublished() throws {
        let size = ImageSize(width: 100, height: 100)
        for (model, detail) in [
            ("o4-mini", ImageDetail.low), ("gpt-5.4", .low), ("gpt-5.2", .original), ("gpt-4o", .original),
            ("gpt-5-pro", .high), ("computer-use-preview", .high),
        ] {
            let outcome = try #require(ImageTokenRule.forModel(model)).tokens(size: size, detail: detail)
            #expect(outcome.reasons == [.imageRuleUnknown], "\(model) \(detail)")
        }
        #expect(ImageTokenRule.forModel("llama-3.2-vision") == nil)
    }

    @Test("Sizes outside the range are no sizes")
    func sizes() {
        #expect(ImageSize(width: 0, height: 1) == nil)
        #expect(ImageSize(width: 1, height: -1) == nil)
        #expect(ImageSize(width: 1 << 31, height: 1) == nil)
    }

    @Test(
        "Sound has ten tokens a second", arguments: [(0, 0), (1, 1), (100, 1), (101, 2), (3_600_000, 36_000), (-5, 0)])
    func audio(milliseconds: Int, input: Int) {
        #expect(AudioTokens.input(milliseconds: milliseconds) == input)
    }
}
