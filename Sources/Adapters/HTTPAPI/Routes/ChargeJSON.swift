import Ledger
import OpenAIWire
import Quantities

extension Charge {
    /// What a project may know of its own charge; money as exact decimal dollars in text, null where there is no price.
    var json: JSONValue {
        .object([
            .init("outcome", .string(self.outcome.rawValue)), .init("engine", .string(self.engine.text)),
            .init("requested_model", .string(self.requestedModel)), .init("served_model", .string(self.servedModel)),
            .init("requested_tier", .text(self.requestedTier?.text)),
            .init("served_tier", .string(self.servedTier.text)),
            .init("finished_at", .string(self.finishedAt.rfc3339)),
            .init("input_tokens", .integer(self.usage.input)),
            .init("cached_input_tokens", .integer(self.usage.cachedInput)),
            .init("output_tokens", .integer(self.usage.output)),
            .init("amount", .text(self.amount?.decimalDollars)),
            .init("list_amount", .text(self.listAmount?.decimalDollars)),
        ])
    }
}
