/// How many input tokens a prompt has, and how sure that is.
public struct PromptCount: Hashable, Sendable {
    /// Why a count is an estimate.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The encoding's vocabulary is not at hand; so many bytes were taken for a token.
        case vocabularyMissing = "vocabulary_missing"
        /// The model's encoding is a guess.
        case encodingGuessed = "encoding_guessed"
        /// The model adds hidden framing (reasoning models) or its framing is not known.
        case framingUnknown = "framing_unknown"
        /// The rendering of tools is not published.
        case tools
        /// A message has several text parts; how they are joined is not published.
        case textPartsJoined = "text_parts_joined"
        /// The image rule for the model or the detail is not published.
        case imageRuleUnknown = "image_rule_unknown"
        /// The size of an image is not known; its upper bound was taken.
        case imageSizeUnknown = "image_size_unknown"
        /// Audio tokens vary a little with their special tokens.
        case audio
        /// A part has no counting rule and was counted as nothing.
        case unknownPart = "unknown_part"
    }

    public internal(set) var tokens: Int
    public internal(set) var reasons: Set<Reason>

    public init(tokens: Int, reasons: Set<Reason> = []) {
        self.tokens = tokens
        self.reasons = reasons
    }
}
