package import Gateway
import OpenAIWire
import Pricing
import Quantities
import Tokenizing

extension QuoteReport {
    /// The report as one JSON object; money is decimal text, exact.
    package var object: [UInt8] {
        var writer = JSONWriter(reserving: 4_096)
        writer.beginObject()
        writer.member("at", self.at.rfc3339)
        writer.member("lines", self.lines)
        writer.member("invalid_lines", self.invalidCount)
        writer.key("invalid")
        writer.beginArray()
        for line in self.invalidLines {
            writer.beginObject()
            writer.member("line", Int64(line.line))
            writer.member("code", line.code)
            writer.member("message", line.message)
            writer.endObject()
        }
        writer.endArray()
        writer.key("shared_prefixes")
        writer.beginObject()
        writer.member("blocks", self.prefixes.blocks)
        writer.member("shared_in_input_order", self.prefixes.sharedInInputOrder)
        writer.member("shared_in_prefix_order", self.prefixes.sharedInPrefixOrder)
        writer.endObject()
        writer.key("models")
        writer.beginArray()
        for model in self.models { model.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}

extension QuoteReport.ModelQuote {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("model", self.model)
        writer.member("lines", self.lines)
        writer.member("prompt_tokens", self.promptTokens)
        writer.member("image_tokens", self.imageTokens)
        writer.key("counted_by")
        writer.beginArray()
        for source in CountingSource.allCases where self.sources.contains(source) { writer.string(source.rawValue) }
        writer.endArray()
        writer.member("is_estimate", !self.reasons.isEmpty)
        writer.key("reasons")
        writer.beginArray()
        for reason in self.reasons.map(\.rawValue).sorted() { writer.string(reason) }
        writer.endArray()
        writer.key("output_tokens")
        writer.beginObject()
        writer.member("floor", self.outputFloor)
        writer.member("expected", self.outputExpected)
        writer.member("max", self.outputMax)
        writer.member("expected_each", self.expectedEach)
        writer.member("expected_from", self.pastAnswers > 0 ? "past_answers" : "assumption")
        writer.member("past_answers", self.pastAnswers)
        writer.endObject()
        writer.key("tiers")
        writer.beginArray()
        for row in self.rows { row.write(to: &writer) }
        writer.endArray()
        writer.key("engines")
        writer.beginArray()
        for engine in self.engines { engine.write(to: &writer) }
        writer.endArray()
        writer.member("prefix_saving_usd", self.prefixSaving?.decimalDollars)
        writer.member("input_order_saving_usd", self.inputOrderSaving?.decimalDollars)
        writer.member("common_ending_tokens", self.endingTokens)
        writer.member("common_ending_saving_usd", self.endingSaving?.decimalDollars)
        writer.endObject()
    }
}

extension EngineQuote {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("engine", self.engine.text)
        writer.member("url", self.url)
        if let problem { writer.member("problem", problem) }
        writer.member("engine_model", self.target?.engineModel)
        writer.member("priced_as", self.target?.priceName)
        writer.key("tiers")
        writer.beginArray()
        for row in self.rows { row.write(to: &writer) }
        writer.endArray()
        writer.endObject()
    }
}

extension QuoteRow {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("tier", self.tier.text)
        if let name { writer.member("name", name.text) }
        if let window { writer.member("completion_window", window) }
        if !self.askedAs.isEmpty {
            writer.key("asked_as")
            writer.beginArray()
            for tier in self.askedAs { writer.string(tier.text) }
            writer.endArray()
        }
        switch self.price {
        case .amounts(let amounts):
            writer.member("floor_usd", amounts.floor.decimalDollars)
            writer.member("expected_usd", amounts.expected.decimalDollars)
            writer.member("max_usd", amounts.max.decimalDollars)
            writer.member("saving_usd", self.expectedSaving?.decimalDollars)
            writer.member("price_version", self.priceVersion)
        case .unpriced(let reason):
            writer.member("unpriced", reason.description)
        }
        writer.endObject()
    }
}
