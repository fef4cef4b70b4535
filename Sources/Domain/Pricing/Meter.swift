/// What a price counts.
///
/// Token meters never overlap when they are billed: the room splits a usage so that every token is counted once.
public enum Meter: Hashable, Sendable {
    case input, cachedInput
    /// Written to the prompt cache with the default retention (30 minutes).
    case cacheWrite
    /// Written with the 12-hour retention.
    case cacheWriteLong
    case output
    /// Only in a price when reasoning is priced apart from output.
    case reasoningOutput
    case audioInput, audioOutput, cachedAudioInput
    /// Only in a price when image tokens are priced apart from text input.
    case imageInput
    case imageOutput
    /// One finished picture; size such as `1024x1792`, quality such as `standard` or `hd`.
    case imagePiece(size: String, quality: String)
    /// One Unicode character of the text to speak.
    case character
    case secondInput, secondOutput
    case page
    case searchCall, fileSearchCall
    /// One code-interpreter session (active one hour).
    case session
    /// One gigabyte stored for one day.
    case gigabyteDay
    case query, request

    /// Every meter without parameters, in the order in which a breakdown lists them.
    public static let plain: [Meter] = [
        .input, .cachedInput, .cacheWrite, .cacheWriteLong, .audioInput, .cachedAudioInput, .imageInput, .output,
        .reasoningOutput, .audioOutput, .imageOutput, .character, .secondInput, .secondOutput, .page, .searchCall,
        .fileSearchCall, .session, .gigabyteDay, .query, .request,
    ]

    static let tokenMeters = Meter.plain.filter(\.isToken)

    /// The name in price books, rows and exports.
    public var name: String {
        switch self {
        case .input: "input"
        case .cachedInput: "cached_input"
        case .cacheWrite: "cache_write"
        case .cacheWriteLong: "cache_write_12h"
        case .output: "output"
        case .reasoningOutput: "reasoning_output"
        case .audioInput: "audio_in"
        case .audioOutput: "audio_out"
        case .cachedAudioInput: "cached_audio_in"
        case .imageInput: "image_in"
        case .imageOutput: "image_out"
        case .imagePiece(let size, let quality): "image_piece(\(size) \(quality))"
        case .character: "character"
        case .secondInput: "second_in"
        case .secondOutput: "second_out"
        case .page: "page"
        case .searchCall: "search_call"
        case .fileSearchCall: "file_search_call"
        case .session: "session"
        case .gigabyteDay: "gb_day"
        case .query: "query"
        case .request: "request"
        }
    }

    /// Reads a name that `name` writes; nil for anything else.
    public init?(name: some StringProtocol) {
        if let plain = Meter.plain.first(where: { $0.name == name }) {
            self = plain
            return
        }
        guard name.hasPrefix("image_piece("), name.hasSuffix(")") else { return nil }
        let parts = name.dropFirst("image_piece(".count).dropLast().split(separator: " ")
        guard parts.count == 2 else { return nil }
        self = .imagePiece(size: String(parts[0]), quality: String(parts[1]))
    }

    /// How many units a published price is usually stated for: a million tokens or characters, one of anything else.
    public var customaryQuantity: Int64 { self.isToken || self == .character ? 1_000_000 : 1 }

    public var isToken: Bool { self.tokenIndex != nil }

    /// Tools keep their price in every tier; discounts apply to the model's own meters.
    var isTool: Bool {
        switch self {
        case .searchCall, .fileSearchCall, .session, .gigabyteDay: true
        default: false
        }
    }

    /// The place of a token meter in a `RateCard`.
    var tokenIndex: Int? {
        switch self {
        case .input: 0
        case .cachedInput: 1
        case .cacheWrite: 2
        case .cacheWriteLong: 3
        case .audioInput: 4
        case .cachedAudioInput: 5
        case .imageInput: 6
        case .output: 7
        case .reasoningOutput: 8
        case .audioOutput: 9
        case .imageOutput: 10
        default: nil
        }
    }
}

extension Meter: Comparable {
    /// Breakdown order: plain meters as `plain` lists them, then pictures by name.
    public static func < (a: Meter, b: Meter) -> Bool {
        let (left, right) = (Meter.plain.firstIndex(of: a), Meter.plain.firstIndex(of: b))
        switch (left, right) {
        case (let l?, let r?): return l < r
        case (nil, nil): return a.name < b.name
        default: return right == nil
        }
    }
}
