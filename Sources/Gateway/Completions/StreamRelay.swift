import OpenAIWire
import Quantities
import Routing

/// Passes an engine's event stream on to a streaming client, keeping what the ledger needs.
///
/// Each event goes on as it came, but for the two rules of chunks: usage only where it was asked for, and the tier that
/// serves. `[DONE]` is held back: it leaves after the charge is durable.
struct StreamRelay: Sendable {
    let keepsUsage: Bool
    let servedTier: String?
    /// A bought engine's own word on the tier is passed on.
    let keepsAnsweredTier: Bool
    private var parser = SSEParser()
    private var tierSent = false
    private var template: ChunkTemplate?
    private(set) var usage: TokenUsage?
    /// As the engine named it.
    private(set) var model: String?
    /// The last tier that the engine named as the one that serves.
    private(set) var answeredTier: String?
    private(set) var contentPieces: Int64 = 0
    private(set) var isDone = false
    private(set) var sawFinish = false
    /// The engine reported an error inside the stream.
    private(set) var failure: EngineFailure?

    init(keepsUsage: Bool, servedTier: String?, keepsAnsweredTier: Bool) {
        self.keepsUsage = keepsUsage
        self.servedTier = servedTier
        self.keepsAnsweredTier = keepsAnsweredTier
    }

    /// What a bought engine has said already stands for what it leaves open later.
    private var answeredAs: String? { self.keepsAnsweredTier && self.servedTier != nil ? self.answeredTier : nil }

    /// Takes the engine's bytes and returns what the client gets now.
    mutating func push(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 64)
        var events = self.parser
        do throws(SSEError) {
            try events.push(bytes) { self.take($0.payload, into: &out) }
        } catch {
            self.failure = EngineFailure(.fault, message: "an event of the stream is too long")
        }
        self.parser = events
        return out
    }

    /// The engine closed its stream; an event without its final blank line still counts.
    mutating func finish() -> [UInt8] {
        var out: [UInt8] = []
        var events = self.parser
        try? events.finish { self.take($0.payload, into: &out) }
        if !self.isDone && !self.sawFinish && self.failure == nil {
            self.failure = EngineFailure(.fault, message: "the engine's stream ended before its answer did")
        }
        return out
    }

    private mutating func take(_ payload: UnsafeRawBufferPointer, into out: inout [UInt8]) {
        guard !self.isDone, self.failure == nil else { return }
        if let pieces = self.template?.append(payload, to: &out) {
            self.contentPieces += Int64(pieces)
            return
        }
        let facts: StreamChunkFacts
        do throws(JSONError) {
            facts = try StreamChunkFacts.scan(payload)
        } catch {
            self.failure = EngineFailure(.fault, message: "the engine sent a chunk that is not JSON")
            return
        }
        switch facts.kind {
        case .done:
            self.isDone = true
            return
        case .error(let body):
            self.failure = StreamFailure.classify(body)
            return
        case .usageOnly, .delta:
            break
        }
        if let usage = facts.usage { self.usage = usage }
        if facts.finishReason != nil { self.sawFinish = true }
        if self.model == nil { self.model = facts.model(in: payload) }
        let named = facts.serviceTier.flatMap { TierName(answered: $0) }
        if let named { self.answeredTier = named.text }
        self.contentPieces += Int64(facts.contentPieces)
        // One chunk that names the tier is enough, as SDKs keep the last value that is not null; none names another.
        let isAnswered = self.keepsAnsweredTier && named != nil
        let isNaming = !self.tierSent || facts.serviceTierMember != nil
        let tier = isNaming && !isAnswered ? self.answeredAs ?? self.servedTier : nil
        let edit = facts.edit(payload, keepsUsage: self.keepsUsage, servedTier: tier)
        switch edit {
        case .dropped: return
        case .unchanged: SSEParser.append(payload, to: &out)
        case .replaced(let bytes): SSEParser.append(bytes, to: &out)
        }
        if self.tierSent { self.template = ChunkTemplate(facts, of: payload, edit: edit, servedTier: tier) }
        self.tierSent = true
    }
}
