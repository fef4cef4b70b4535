public import Quantities
public import Routing

/// One call to an engine, as bytes. The adapter adds host, credential and framing, nothing else.
public struct EngineRequest: Sendable {
    public var engine: Engine
    /// `/chat/completions`: appended to the engine's path prefix (which ends in `/v1`).
    public var path: String
    public var body: [UInt8]
    /// The call is a stream (`text/event-stream` expected); time limits differ.
    public var isStream: Bool
    public var request: RequestID
    /// The trace that the call belongs to, as its header says it.
    public var traceparent: String?
    /// Where the answer should be handled: an opaque hint, the caller's event loop for example. An adapter that knows
    /// the type keeps the call on it, others ignore it.
    public var home: (any Sendable)?

    public init(
        engine: Engine, path: String, body: [UInt8], isStream: Bool, request: RequestID,
        home: (any Sendable)? = nil
    ) {
        self.engine = engine
        self.path = path
        self.body = body
        self.isStream = isStream
        self.request = request
        self.home = home
    }
}

/// The head of a successful answer (2xx). Any other status arrives as `failed`, already classified.
public struct AnswerHead: Sendable {
    public var status: Int
    public var contentType: String

    public init(status: Int, contentType: String) {
        self.status = status
        self.contentType = contentType
    }

    public var isEventStream: Bool { self.contentType.hasPrefix("text/event-stream") }
}

/// Takes an answer as it comes: `head`, any number of `bytes` and `pause`, then exactly one of `end` or `failed`.
///
/// Push-style, so that the engine's and the client's connection can live on one event loop without a hop. Calls of one
/// answer never overlap. Nothing may block.
public protocol AnswerSink: AnyObject, Sendable {
    func head(_ head: AnswerHead)
    /// The bytes are valid during the call only.
    func bytes(_ bytes: UnsafeRawBufferPointer)
    /// The engine has sent no more for now: what is to be passed on should leave, in one write.
    func pause()
    func end()
    func failed(_ failure: EngineFailure)
}

extension AnswerSink {
    /// Sinks that keep what they get have nothing to pass on.
    public func pause() {}
}

/// A running call.
public protocol EngineCall: Sendable {
    /// Ends the call and frees the engine's slot (the connection is closed). The sink gets nothing after it returns on
    /// the call's own loop; elsewhere at most one more event. Idempotent.
    func cancel()
    /// Stops or resumes reading from the engine, for clients that read slowly.
    func setReading(_ reading: Bool)
}

/// Port: sends requests to engines.
public protocol EngineClient: Sendable {
    func send(_ request: EngineRequest, to sink: any AnswerSink) -> any EngineCall
    /// A small GET or POST for discovery and metrics: at most `EngineLimits.probeBytesMax` of answer.
    func fetch(_ request: EngineFetch) async throws(EngineFailure) -> EngineFetchAnswer
}

public struct EngineFetch: Sendable {
    public var engine: Engine
    /// An absolute path on the engine's host, `/metrics` for example.
    public var path: String
    /// nil: GET. Otherwise POST with this JSON body.
    public var body: [UInt8]?
    public var timeout: Duration

    public init(engine: Engine, path: String, body: [UInt8]? = nil, timeout: Duration = .seconds(5)) {
        self.engine = engine
        self.path = path
        self.body = body
        self.timeout = timeout
    }
}

public struct EngineFetchAnswer: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]

    public init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Limits of what is taken from an engine.
public enum EngineLimits {
    /// The largest whole answer (or folded stream) that is kept in memory, in bytes.
    public static let answerBytesMax = 64 * 1_024 * 1_024
    public static let probeBytesMax = 4 * 1_024 * 1_024
    /// The largest error body that is read, in bytes.
    public static let errorBytesMax = 256 * 1_024
}
