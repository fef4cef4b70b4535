/// The endpoints a batch can be sent to; the raw value is the exact `url` of its lines.
///
/// OpenAI's list without `/v1/videos`, which was shut down on 2026-09-24. The order of the cases is part of the stored
/// index format: append only.
public enum BatchEndpoint: String, Hashable, Sendable, CaseIterable {
    case chatCompletions = "/v1/chat/completions"
    case responses = "/v1/responses"
    case embeddings = "/v1/embeddings"
    case completions = "/v1/completions"
    case moderations = "/v1/moderations"
    case imageGenerations = "/v1/images/generations"
    case imageEdits = "/v1/images/edits"

    /// The name in messages: "Chat Completions".
    public var title: String {
        switch self {
        case .chatCompletions: "Chat Completions"
        case .responses: "Responses"
        case .embeddings: "Embeddings"
        case .completions: "Completions"
        case .moderations: "Moderations"
        case .imageGenerations: "Image Generations"
        case .imageEdits: "Image Edits"
        }
    }

    /// The body field without which a line of this endpoint cannot run; nil where a request may do without
    /// (`/v1/responses` can live from `prompt` or `previous_response_id` alone).
    public var subject: String? {
        switch self {
        case .chatCompletions: "messages"
        case .responses: nil
        case .embeddings, .moderations: "input"
        case .completions, .imageGenerations, .imageEdits: "prompt"
        }
    }

    /// True where a line must name its model; `/v1/moderations` and the image endpoints have a default.
    public var needsModel: Bool {
        switch self {
        case .chatCompletions, .responses, .embeddings, .completions: true
        case .moderations, .imageGenerations, .imageEdits: false
        }
    }

    /// The number under which the index stores the endpoint.
    var ordinal: UInt8 { UInt8(Self.allCases.firstIndex(of: self) ?? 0) }
}
