package import OpenAIWire

/// Whether a batch may miss its deadline, in words.
package enum RiskText {
    /// From a batch object's `ebb` member; nil while it will be met as far as is known.
    package static func of(_ object: JSONValue) -> String? {
        guard object["ebb"]?["at_risk"] == .bool(true), case .number(let text)? = object["ebb"]?["deadline_load"],
            let load = Double(text), load.isFinite, load < 1e6
        else { return nil }
        return "at risk: \(Int((load * 100).rounded())) % of what can be served until then is due"
    }
}
