/// The endpoints whose requests go to an engine.
public enum Endpoint: String, CaseIterable, Hashable, Sendable {
    case chatCompletions = "/v1/chat/completions"
    case completions = "/v1/completions"
    case embeddings = "/v1/embeddings"

    public var path: String { self.rawValue }

    /// What follows an engine's base URL, which has the version.
    public var enginePath: String {
        switch self {
        case .chatCompletions: "/chat/completions"
        case .completions: "/completions"
        case .embeddings: "/embeddings"
        }
    }

    public init?(path: String) { self.init(rawValue: path) }

    /// True where `stream` means something.
    public var canStream: Bool { self != .embeddings }
}
