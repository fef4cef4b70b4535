import Testing
import Tokenizing

/// The golden prompts are the examples of the OpenAI cookbook ("How to count tokens with tiktoken") and of its Batch
/// guide; their counts are those of the API.
@Suite(.enabled(if: VocabularyFiles.arePresent, Comment(rawValue: VocabularyFiles.skipMessage)))
struct PromptCounterTests {
    private func counter(_ model: String) throws -> PromptCounter {
        let encoding = try #require(EncodingName.forModel(model)).name.rankFileEncoding
        let encoder = encoding == .cl100kBase ? VocabularyFiles.cl100k : VocabularyFiles.o200k
        return PromptCounter(model: model, encoder: try encoder.get())
    }

    private let jargon: [ChatMessage] = [
        ChatMessage(
            role: "system",
            text: "You are a helpful, pattern-following assistant that translates corporate "
                + "jargon into plain English."),
        ChatMessage(
            role: "system", name: "example_user", text: "New synergies will help drive top-line growth."),
        ChatMessage(
            role: "system", name: "example_assistant", text: "Things working well together will increase revenue."),
        ChatMessage(
            role: "system", name: "example_user",
            text: "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."
        ),
        ChatMessage(
            role: "system", name: "example_assistant",
            text: "Let's talk later when we're less busy about how to do better."),
        ChatMessage(
            role: "user",
            text: "This late pivot means we don't have time to boil the ocean for the client deliverable."),
    ]

    private let weather = ToolFunction(
        name: "get_current_weather", description: "Get the current weather in a given location",
        properties: [
            .init(name: "location", type: "string", description: "The city and state, e.g. San Francisco, CA"),
            .init(
                name: "unit", type: "string", description: "The unit of temperature to return.",
                enumValues: ["celsius", "fahrenheit"]),
        ])

    @Test(
        "Six messages with names",
        arguments: [
            ("gpt-4", 129), ("gpt-3.5-turbo-0613", 129), ("gpt-3.5-turbo", 129), ("gpt-4o", 124),
            ("gpt-4o-mini", 124), ("gpt-3.5-turbo-0301", 127),
        ])
    func cookbook(model: String, tokens: Int) throws {
        #expect(try self.counter(model).count(self.jargon) == PromptCount(tokens: tokens))
    }

    @Test("The Batch guide's lines", arguments: [("a helpful", 20), ("an unhelpful", 22)])
    func batchGuide(kind: String, tokens: Int) throws {
        let messages = [
            ChatMessage(role: "system", text: "You are \(kind) assistant."),
            ChatMessage(role: "user", text: "Hello world!"),
        ]
        let count = try self.counter("gpt-3.5-turbo-0125").count(messages)
        #expect(count.tokens == tokens)
        #expect(count.reasons.isEmpty)
    }

    @Test(
        "The weather tool", arguments: [("gpt-4", 105), ("gpt-3.5-turbo", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)])
    func tools(model: String, tokens: Int) throws {
        let messages = [
            ChatMessage(
                role: "system", text: "You are a helpful assistant that can answer to questions about the weather."),
            ChatMessage(role: "user", text: "What's the weather like in San Francisco?"),
        ]
        let count = try self.counter(model).count(messages, tools: [self.weather])
        #expect(count == PromptCount(tokens: tokens, reasons: [.tools]))
    }

    @Test("Whatever is not published makes an estimate and says why")
    func reasons() throws {
        let size = try #require(ImageSize(width: 1024, height: 1024))
        let message = ChatMessage(
            role: "user",
            parts: [
                .text("a"), .text("b"), .image(size: nil, detail: .high), .image(size: size, detail: .high),
                .audio(milliseconds: 1050), .unknown,
            ])
        let count = try self.counter("gpt-4o").count([message])
        // Priming 3, message 3, role 1, two texts of 1; 8 tiles at most, 4 tiles; 11 tenths of a second.
        #expect(count.tokens == 3 + 3 + 1 + 2 + (85 + 8 * 170) + 765 + 11)
        #expect(count.reasons == [.textPartsJoined, .imageSizeUnknown, .audio, .unknownPart])
        #expect(try self.counter("gpt-6-astra").count([]).reasons == [.encodingGuessed, .framingUnknown])
        #expect(try self.counter("gpt-5").count([]).reasons == [.framingUnknown])
    }

    @Test("A vocabulary that is not the model's gives an estimate")
    func foreignVocabulary() throws {
        let counter = PromptCounter(model: "gpt-4", encoder: try VocabularyFiles.o200k.get())
        #expect(counter.count([]).reasons == [.encodingGuessed])
    }
}
