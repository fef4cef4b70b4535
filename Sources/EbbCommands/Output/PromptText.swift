package import OpenAIWire
import Quantities

/// How often a running batch's prompts were computed, in words.
package enum PromptText {
    /// From a batch object's `ebb` member; nil before the first line has ended, and after the batch has.
    private static func tokens(_ object: JSONValue) -> PromptTokens? {
        let told = object["ebb"]?["prompt_tokens"]
        guard let computed = told?["computed"]?.integer, let cached = told?["cached"]?.integer,
            let least = told?["least"]?.integer
        else { return nil }
        return PromptTokens(computed: computed, cached: cached, least: least)
    }

    /// `12,000 tokens computed (1.05 of the least possible), 30,000 cached`.
    package static func of(_ object: JSONValue) -> String? {
        guard let tokens = self.tokens(object) else { return nil }
        let ratio = self.ratio(object).map { " (\($0))" } ?? ""
        return "\(Figures.count(tokens.computed)) tokens computed\(ratio), \(Figures.count(tokens.cached)) cached"
    }

    /// `1.05 of the least possible`.
    package static func ratio(_ object: JSONValue) -> String? {
        guard let tokens = self.tokens(object), tokens.least > 0 else { return nil }
        let hundredths = Int64((Double(tokens.computed) * 100 / Double(tokens.least)).rounded())
        let digits = String(hundredths % 100)
        return "\(hundredths / 100).\(digits.count < 2 ? "0" : "")\(digits) of the least possible"
    }
}
