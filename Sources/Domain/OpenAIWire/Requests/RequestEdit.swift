/// The changes that the gateway's rules make to one request body; all other bytes reach the engine as they came.
///
/// Shadowed duplicates of known keys are removed in any case, so that gateway and engine read the same values.
public struct RequestEdit: Sendable {
    private let facts: RequestFacts
    private var edit = BodyEdit()

    public init(_ facts: RequestFacts) {
        self.facts = facts
        for member in facts.shadowed { self.edit.removeMember(member, of: facts.layout) }
    }

    public func apply(to body: [UInt8]) -> [UInt8] { self.edit.apply(to: body) }

    /// Sets a field to JSON text: its value is replaced, or the member is added at the end.
    public mutating func set(_ field: RequestField, _ value: [UInt8]) {
        if let member = self.facts[field] {
            self.edit.replace(member.value.range, with: value)
        } else {
            self.edit.insertMember(field.name, value, in: self.facts.layout)
        }
    }

    public mutating func remove(_ field: RequestField) {
        guard let member = self.facts[field] else { return }
        self.edit.removeMember(member, of: self.facts.layout)
    }

    public mutating func replaceModel(with name: String) {
        if name != self.facts.model { self.set(.model, JSONWriter.quoted(name)) }
    }

    public mutating func setStream(_ value: Bool) {
        if value != self.facts.stream { self.set(.stream, Array((value ? "true" : "false").utf8)) }
    }

    /// Asks the engine for usage at the end of a stream; `stream_options` is made, filled or completed.
    public mutating func setIncludeUsage() {
        if self.facts.includeUsage { return }
        let yes = Array("true".utf8)
        if let member = self.facts.includeUsageMember {
            self.edit.replace(member.value.range, with: yes)
        } else if let layout = self.facts.streamOptionsLayout {
            self.edit.insertMember("include_usage", yes, in: layout)
        } else {
            self.set(.streamOptions, Array(#"{"include_usage":true}"#.utf8))
        }
    }

    /// vLLM's and SGLang's own field; the client's value is replaced.
    public mutating func setPriority(_ value: Int) { self.set(.priority, Array(String(value).utf8)) }

    public mutating func removeServiceTier() { self.remove(.serviceTier) }
}
