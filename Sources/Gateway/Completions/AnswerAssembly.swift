import OpenAIWire
import Quantities
import Routing

/// Builds one whole answer from an engine's bytes, streamed or not.
///
/// A value type without I/O: bytes in, then `finish` gives the answer and what it used, or the failure.
struct AnswerAssembly: Sendable {
    struct Assembled: Sendable {
        var body: [UInt8]
        var facts: AnswerFacts
        /// Content chunks of a stream, about one token each; 0 for an answer in one piece.
        var contentPieces: Int64
    }

    let endpoint: Endpoint
    /// The engine answers with an event stream that is folded back.
    private(set) var isStream: Bool
    private var parser = SSEParser()
    private var fold: StreamFold
    private var collected: [UInt8] = []
    private var byteCount = 0
    private var failure: EngineFailure?
    /// Content chunks seen: about one token each, for what is billed when a stream breaks off.
    private(set) var contentPieces: Int64 = 0
    private(set) var sawDone = false
    /// As the engine told last.
    private(set) var computed: ComputedTokens?

    private var sawDelta = false

    /// The first token has come. An engine that tells how far it is with the prompt sends before that; others do not.
    var hasBegun: Bool {
        guard self.isStream else { return true }
        if self.contentPieces > 0 { return true }
        return self.computed.map { $0.output > 0 } ?? self.sawDelta
    }

    /// Output tokens so far: as told, else a content chunk is one.
    var outputTokens: Int { Int(clamping: max(self.contentPieces, self.computed?.output ?? 0)) }

    init(endpoint: Endpoint, isStream: Bool) {
        self.endpoint = endpoint
        self.isStream = isStream
        self.fold = StreamFold(endpoint)
    }

    /// The engine's head decides: some engines answer a stream request with one JSON body.
    mutating func began(isEventStream: Bool) { self.isStream = isEventStream }

    /// How events begin and JSON does not (`data:`, `event:`, a comment): some engines send them as application/json.
    private static let eventBeginnings = Set("de:".utf8)

    /// - Throws: a fault when the answer is too large or not a stream of events.
    mutating func push(_ bytes: UnsafeRawBufferPointer) throws(EngineFailure) {
        self.byteCount += bytes.count
        guard self.byteCount <= EngineLimits.answerBytesMax else {
            throw EngineFailure(.fault, message: "the answer is larger than \(EngineLimits.answerBytesMax) bytes")
        }
        if !self.isStream, self.collected.isEmpty, let first = bytes.first, Self.eventBeginnings.contains(first) {
            self.isStream = true
        }
        if !self.isStream {
            self.collected.append(contentsOf: bytes)
            return
        }
        var events = self.parser
        do throws(SSEError) {
            try events.push(bytes) { self.take($0.payload) }
        } catch {
            throw EngineFailure(.fault, message: "an event of the stream is too long")
        }
        self.parser = events
        if let failure = self.failure { throw failure }
    }

    private mutating func take(_ payload: UnsafeRawBufferPointer) {
        guard self.failure == nil else { return }
        do {
            let facts = try StreamChunkFacts.scan(payload)
            switch facts.kind {
            case .done:
                self.sawDone = true
            case .error(let body):
                self.failure = StreamFailure.classify(body)
            case .usageOnly, .delta:
                self.contentPieces += Int64(facts.contentPieces)
                if let computed = facts.computed { self.computed = computed }
                self.sawDelta = true
                try self.fold.add(payload)
            }
        } catch {
            self.failure = EngineFailure(.fault, message: "the engine sent a chunk that is not JSON")
        }
    }

    mutating func finish() throws(EngineFailure) -> Assembled {
        if self.isStream {
            var events = self.parser
            try? events.finish { self.take($0.payload) }
            if let failure = self.failure { throw failure }
            guard self.sawDone || self.fold.sawFinish else {
                throw EngineFailure(.fault, message: "the engine's stream ended before its answer did")
            }
            self.collected = self.fold.finish()
        }
        let facts: AnswerFacts
        do throws(JSONError) {
            facts = try AnswerFacts.scan(self.collected, self.endpoint)
        } catch {
            throw EngineFailure(.fault, message: "the engine's answer is not JSON")
        }
        if facts.hasError {
            throw StreamFailure.classify(ErrorBody(parsing: self.collected, status: nil))
        }
        return Assembled(body: self.collected, facts: facts, contentPieces: self.contentPieces)
    }
}

/// Classifies errors that come under HTTP 200.
enum StreamFailure {
    static func classify(_ body: ErrorBody) -> EngineFailure {
        FailureClassifier.classify(
            status: body.status, code: body.code ?? "", type: body.type, message: body.message, retryAfter: nil,
            body: body.encoded)
    }
}
