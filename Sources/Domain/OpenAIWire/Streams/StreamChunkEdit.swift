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
        var edit = BodyEdit()
        if dropsMember, let member = self.usageMember { edit.removeMember(member, of: self.layout) }
        if setsTier, let servedTier {
            let value = JSONWriter.quoted(servedTier)
            if let member = self.serviceTierMember {
                edit.replace(member.value.range, with: value)
            } else {
                edit.insertMember("service_tier", value, in: self.layout)
            }
        }
        return .replaced(edit.apply(to: payload))
    }

    private var hasPlainTier: Bool { self.serviceTierMember?.value.kind == .string }
}
