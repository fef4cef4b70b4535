public import Quantities

/// What kind of server an engine is. It decides defaults (streaming, metrics names, tokenizer endpoint), never rights.
public enum EngineKind: String, Sendable, CaseIterable {
    case openai, vllm, llamacpp, sglang, ollama, simulated

    /// True for engines that we run ourselves: their time is ours, so requests are streamed and may be cancelled.
    public var isOwned: Bool { self != .openai }
    /// True where each slot keeps a cache of its own and a request can name its slot (llama.cpp `id_slot`).
    public var hasSlotCaches: Bool { self == .llamacpp }
    /// False where an output limit under its newer name, `max_completion_tokens`, is not read (ollama#7125).
    ///
    /// Which names a seller reads is not known here: its reasoning models refuse the older one.
    public var knowsCompletionLimit: Bool { self != .ollama }
}

/// Whether requests are sent to an engine as streams even when the client wants one whole answer.
public enum StreamPolicy: String, Sendable, CaseIterable {
    /// Every request is streamed and folded back: a client that goes away frees the slot at once (scheduling 8.5).
    case always
    /// Streamed only when the client asked for a stream.
    case asAsked = "as-asked"
}

/// Time limits of one call to an engine.
public struct EngineTimeouts: Hashable, Sendable {
    public var connect: Duration
    /// From the request's last byte to the answer's first byte of body (queueing and prefill).
    public var firstToken: Duration
    /// The longest silence inside an answer.
    public var idle: Duration
    /// The whole call.
    public var total: Duration

    public init(
        connect: Duration = .seconds(5), firstToken: Duration = .seconds(600), idle: Duration = .seconds(120),
        total: Duration = .seconds(3_600)
    ) {
        self.connect = connect
        self.firstToken = firstToken
        self.idle = idle
        self.total = total
    }
}

/// One engine as the configuration describes it.
public struct Engine: Hashable, Sendable {
    public let id: EngineID
    /// `http://127.0.0.1:8000/v1`: scheme, host, port and path prefix, without a trailing slash.
    public let url: EngineURL
    public var kind: EngineKind
    public var stream: StreamPolicy
    /// Requests in flight at most; nil: as discovered, else `defaultConcurrency`.
    public var concurrency: Int?
    public var timeouts: EngineTimeouts
    /// It was started so that it serves requests by their `priority`.
    public var takesPriorities = false

    /// Requests in flight when neither configuration nor engine tells (scheduling 9, "Capacity L").
    public static let defaultConcurrency = 8

    public init(
        id: EngineID, url: EngineURL, kind: EngineKind, stream: StreamPolicy? = nil, concurrency: Int? = nil,
        timeouts: EngineTimeouts = EngineTimeouts()
    ) {
        self.id = id
        self.url = url
        self.kind = kind
        self.stream = stream ?? (kind.isOwned ? .always : .asAsked)
        self.concurrency = concurrency
        self.timeouts = timeouts
    }
}

/// The parts of an engine's base URL.
public struct EngineURL: Hashable, Sendable, CustomStringConvertible {
    public let isTLS: Bool
    /// A name or an address, an IPv6 one without its brackets.
    public let host: String
    public let port: Int
    /// Starts with `/` or is empty; never ends with `/`. The API's own `/v1` is its last part.
    public let pathPrefix: String

    /// Reads `http(s)://host[:port][/path]`. A path that does not end in `/v1` gets `/v1` added, so that both
    /// `http://host:8000` and `http://host:8000/v1` name the same engine.
    public init(_ text: String) throws(RoutingError) {
        let isTLS: Bool
        var rest: Substring
        if text.hasPrefix("http://") {
            isTLS = false
            rest = text.dropFirst(7)
        } else if text.hasPrefix("https://") {
            isTLS = true
            rest = text.dropFirst(8)
        } else {
            throw .invalidURL(text, "it must start with http:// or https://")
        }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" || $0 == "@" || $0 == " " }) else {
            throw .invalidURL(text, "query, fragment, credentials and spaces are not allowed")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        var path = String(rest[slash...])
        while path.hasSuffix("/") { path.removeLast() }
        rest = ""
        var port = isTLS ? 443 : 80
        let bracket = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : nil
        let colonSearch = bracket.map { authority[$0...] } ?? authority
        if let colon = colonSearch.lastIndex(of: ":") {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                throw .invalidURL(text, "the port must be 1 to 65535")
            }
            port = number
            authority = authority[..<colon]
        }
        if bracket != nil { authority = authority.dropFirst().dropLast() }
        guard !authority.isEmpty else { throw .invalidURL(text, "the host is missing") }
        self.isTLS = isTLS
        self.host = String(authority)
        self.port = port
        self.pathPrefix = path.hasSuffix("/v1") ? path : path + "/v1"
    }

    /// The server's root without `/v1`, for `/metrics`, `/slots`, `/tokenize`.
    public var rootPath: String { String(self.pathPrefix.dropLast(3)) }

    /// The value of `Host`: without the scheme's own port, an IPv6 address in brackets (RFC 9110 7.2, RFC 3986 3.2.2).
    public var authority: String {
        self.port == (self.isTLS ? 443 : 80) ? self.hostText : "\(self.hostText):\(self.port)"
    }

    private var hostText: String { self.host.contains(":") ? "[\(self.host)]" : self.host }

    public var description: String {
        "\(self.isTLS ? "https" : "http")://\(self.hostText):\(self.port)\(self.pathPrefix)"
    }
}
