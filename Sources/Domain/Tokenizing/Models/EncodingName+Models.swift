extension EncodingName {
    /// Which encoding a model uses, and whether that is known (`exact`) or the best guess; nil for a model of which
    /// nothing is known.
    ///
    /// Source of the exact entries: tiktoken 0.14.0, model.py. It has no entry for gpt-6 names and for the special
    /// purpose models: those are taken for o200k_base as a guess (prices-and-finops 4.3).
    public static func forModel(_ model: String) -> (name: EncodingName, exact: Bool)? {
        let name = ModelName(model)
        if let match = name.longestMatch(in: Self.families) { return (match.value, true) }
        // Every name that begins so, also gpt-5.4 and gpt-5-mini.
        if name.base.hasPrefix("gpt-5") { return (.o200kBase, true) }
        if Self.guessedPrefixes.contains(where: { name.base.hasPrefix($0) }) { return (.o200kBase, false) }
        return nil
    }

    private static let families: [(family: String, value: EncodingName)] = [
        ("gpt-oss", .o200kHarmony),
        ("o1", .o200kBase), ("o3", .o200kBase), ("o4-mini", .o200kBase),
        ("gpt-4.5", .o200kBase), ("gpt-4.1", .o200kBase), ("gpt-4o", .o200kBase), ("chatgpt-4o", .o200kBase),
        ("gpt-4", .cl100kBase), ("gpt-3.5", .cl100kBase), ("gpt-35-turbo", .cl100kBase),
        ("davinci-002", .cl100kBase), ("babbage-002", .cl100kBase),
        ("text-embedding-ada-002", .cl100kBase), ("text-embedding-3-small", .cl100kBase),
        ("text-embedding-3-large", .cl100kBase),
        ("text-davinci-003", .p50kBase), ("text-davinci-002", .p50kBase),
        ("code-davinci-002", .p50kBase), ("code-davinci-001", .p50kBase),
        ("code-cushman-002", .p50kBase), ("code-cushman-001", .p50kBase),
        ("text-davinci-001", .r50kBase), ("text-curie-001", .r50kBase), ("text-babbage-001", .r50kBase),
        ("text-ada-001", .r50kBase), ("gpt2", .r50kBase), ("gpt-2", .r50kBase),
    ]

    private static let guessedPrefixes = [
        "gpt-6", "gpt-realtime", "gpt-audio", "gpt-image", "o4", "codex-", "computer-use-preview", "chat-latest",
    ]
}
