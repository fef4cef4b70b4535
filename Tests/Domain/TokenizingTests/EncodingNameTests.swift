import Testing
import Tokenizing

@Suite struct EncodingNameTests {
    @Test(
        "Model names, dated names and fine-tunes lead to their encoding",
        arguments: [
            ("gpt-4o", .o200kBase, true), ("gpt-4o-mini-2024-07-18", .o200kBase, true),
            ("gpt-4.1-nano", .o200kBase, true), ("gpt-4.5-preview", .o200kBase, true),
            ("gpt-5.4-mini", .o200kBase, true), ("gpt-5-2025-08-07", .o200kBase, true),
            ("o1-pro", .o200kBase, true), ("o3", .o200kBase, true), ("o4-mini-2025-04-16", .o200kBase, true),
            ("gpt-4", .cl100kBase, true), ("gpt-4-0613", .cl100kBase, true), ("gpt-4-turbo", .cl100kBase, true),
            ("gpt-3.5-turbo-16k-0613", .cl100kBase, true), ("gpt-35-turbo", .cl100kBase, true),
            ("text-embedding-3-large", .cl100kBase, true), ("text-davinci-003", .p50kBase, true),
            ("text-davinci-001", .r50kBase, true), ("gpt2", .r50kBase, true),
            ("gpt-oss-120b", .o200kHarmony, true), ("openai/gpt-oss-20b", .o200kHarmony, true),
            ("ft:gpt-4o-mini-2024-07-18:acme::9x", .o200kBase, true),
            ("ft:gpt-3.5-turbo-0125:acme:name:1", .cl100kBase, true), ("ft:davinci-002:acme", .cl100kBase, true),
            ("gpt-6-astra", .o200kBase, false), ("gpt-realtime-mini", .o200kBase, false),
        ] as [(String, EncodingName, Bool)])
    func models(model: String, encoding: EncodingName, exact: Bool) throws {
        let found = try #require(EncodingName.forModel(model))
        #expect(found.name == encoding)
        #expect(found.exact == exact)
    }

    @Test("Of other models nothing is claimed", arguments: ["llama-3.3-70b", "mistral-large", "", "gpt-4x", "o10"])
    func unknown(model: String) { #expect(EncodingName.forModel(model) == nil) }
}
