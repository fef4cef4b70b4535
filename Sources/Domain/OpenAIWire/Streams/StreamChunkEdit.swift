/// What becomes of one stream event on its way to the client.
public enum StreamChunkEdit: Hashable, Sendable {
    /// Forward the payload as it is.
    case unchanged
    /// Forward these bytes instead.
    case replaced([UInt8])
    /// Forward nothing.
    case dropped
}

extension StreamChunkFacts {
    /// Applies the two rules for chunks (openai-api 5.5).
    ///
    /// - A client that did not ask for usage sees none: a usage-only chunk is dropped and every `usage` member, also a
    ///   null one, is removed. A client that asked gets what the engine sent; `"usage":null` is not added to chunks
    ///   that lack it, since SDKs treat the two alike.
    /// - `servedTier`, when given (chat only), is put into every chunk as `service_tier`.
    ///
    /// `[DONE]` and errors stay as they are.
    public func edit(_ payload: UnsafeRawBufferPointer, keepsUsage: Bool, servedTier: String?) -> StreamChunkEdit {
        switch self.kind {
        case .done, .error: return .unchanged
        case .usageOnly where !keepsUsage: return .dropped
        case .usageOnly, .delta: break
        }
        let dropsMember = !keepsUsage && self.usageMember != nil
        let setsTier = servedTier != nil && !(self.serviceTier == servedTier && self.hasPlainTier)
        guard dropsMember || setsTier else { return .unchanged }
        let removed = dropsMember ? self.usageMember : nil
        if setsTier, let servedTier, let member = self.serviceTierMember {
            var edit = BodyEdit()
            if let removed { edit.removeMember(removed, of: self.layout) }
            edit.replace(member.value.range, with: JSONWriter.quoted(servedTier))
            return .replaced(edit.apply(to: payload))
        }
        return .replaced(self.rewritten(payload, removing: removed, adding: setsTier ? servedTier : nil))
    }

    /// The common edit, once per token, straight into one buffer.
    private func rewritten(
        _ payload: UnsafeRawBufferPointer, removing member: JSONMember?, adding tier: String?
    ) -> [UInt8] {
        let close = self.layout.close
        var result: [UInt8] = []
        result.reserveCapacity(payload.count + 40)
        if let member {
            let gap = BodyEdit.removalRange(of: member, in: payload)
            result.append(contentsOf: payload.part(0..<gap.lowerBound))
            result.append(contentsOf: payload.part(gap.upperBound..<close))
        } else {
            result.append(contentsOf: payload.part(0..<close))
        }
        if let tier {
            if self.layout.memberCount > (member == nil ? 0 : 1) { result.append(UInt8(ascii: ",")) }
            result.append(contentsOf: #""service_tier":"#.utf8)
            JSONWriter.appendQuoted(tier, to: &result)
        }
        result.append(contentsOf: payload.part(close..<payload.count))
        return result
    }

    private var hasPlainTier: Bool { self.serviceTierMember?.value.kind == .string }
}
