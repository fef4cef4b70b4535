/// The byte-pair encodings that OpenAI has published.
public enum EncodingName: String, Hashable, Sendable, CaseIterable {
    case r50kBase = "r50k_base"
    case p50kBase = "p50k_base"
    case cl100kBase = "cl100k_base"
    case o200kBase = "o200k_base"
    /// The ranks of `o200k_base` with more special tokens; used by gpt-oss.
    case o200kHarmony = "o200k_harmony"

    /// The encoding whose rank file serves this one.
    public var rankFileEncoding: EncodingName { self == .o200kHarmony ? .o200kBase : self }

    var splitRule: SplitRuleName {
        switch self {
        case .r50kBase, .p50kBase: .leadingSpace
        case .cl100kBase: .words(.cl100k)
        case .o200kBase, .o200kHarmony: .cased
        }
    }

    /// The text of the special token `token`, or nil. Source: tiktoken 0.14.0, openai_public.py.
    public func specialToken(_ token: UInt32) -> String? {
        switch self {
        case .r50kBase, .p50kBase:
            return token == 50256 ? "<|endoftext|>" : nil
        case .cl100kBase:
            switch token {
            case 100257: return "<|endoftext|>"
            case 100258: return "<|fim_prefix|>"
            case 100259: return "<|fim_middle|>"
            case 100260: return "<|fim_suffix|>"
            case 100276: return "<|endofprompt|>"
            default: return nil
            }
        case .o200kBase:
            if token == 199999 { return "<|endoftext|>" }
            return token == 200018 ? "<|endofprompt|>" : nil
        case .o200kHarmony:
            return Self.harmonyToken(token)
        }
    }

    private static func harmonyToken(_ token: UInt32) -> String? {
        switch token {
        case 199998: "<|startoftext|>"
        case 199999: "<|endoftext|>"
        case 200002: "<|return|>"
        case 200003: "<|constrain|>"
        case 200005: "<|channel|>"
        case 200006: "<|start|>"
        case 200007: "<|end|>"
        case 200008: "<|message|>"
        case 200012: "<|call|>"
        // 200018 has a reserved name as well.
        case 200018: "<|endofprompt|>"
        case 200000...201087: "<|reserved_\(token)|>"
        default: nil
        }
    }
}
