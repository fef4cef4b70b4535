import OpenAIWire
import Quantities
import Routing
import Scheduling

/// Which changes a request's body needs on its way to one engine, and how the engine is asked.
struct EngineOrder: Sendable {
    var body: [UInt8]
    var isStream: Bool

    /// - Parameters:
    ///   - tier: what a bought engine is asked for in place of what the client wrote; nil: as it came.
    ///   - lane: where the request stood in our queue.
    ///   - slot: llama.cpp slot to use, for lines whose prefix is cached there.
    init(
        body: [UInt8], facts: RequestFacts, engine: Engine, engineModel: String, clientStreams: Bool,
        lane: Lane, slot: Int? = nil, tier: TierName? = nil
    ) {
        let endpoint = facts.endpoint
        let stream = endpoint.canStream && (clientStreams || engine.stream == .always)
        var edit = RequestEdit(facts)
        edit.replaceModel(with: engineModel)
        if endpoint.canStream {
            edit.setStream(stream)
            if stream { edit.setIncludeUsage() }
        }
        // Tiers are this gateway's; engines of our own know none, bought ones are asked as the client wrote it.
        if engine.kind.isOwned {
            edit.removeServiceTier()
        } else if let tier, endpoint == .chatCompletions {
            edit.set(.serviceTier, JSONWriter.quoted(tier.text))
        }
        if engine.takesPriorities, let priority = EnginePriority.of(lane, kind: engine.kind) {
            edit.setPriority(priority)
        }
        self.isStream = stream
        self.body = edit.apply(to: body)
        if let slot, engine.kind.hasSlotCaches { self.body = Self.insertingSlot(slot, into: self.body) }
    }

    /// `id_slot` names the llama.cpp slot whose cache holds the prefix (scheduling 8.5). A client's own one stays.
    private static func insertingSlot(_ slot: Int, into body: [UInt8]) -> [UInt8] {
        let hasOwn = body.withUnsafeBytes { (try? JSONView(parsing: $0))?["id_slot"] != nil }
        if hasOwn { return body }
        guard let end = body.lastIndex(of: UInt8(ascii: "}")) else { return body }
        let member = Array(",\"id_slot\":\(slot)".utf8)
        return Array(body[..<end]) + member + Array(body[end...])
    }
}

/// Which tiers may be charged for a request.
enum InteractiveTier {
    /// The tiers that may serve it: a bought engine says itself which one did, and its account may prefer another.
    static func possible(_ asked: [TierName], isBought: Bool) -> [TierName] {
        isBought ? asked + [TierName.priority, .flex].filter { !asked.contains($0) } : asked
    }
}
