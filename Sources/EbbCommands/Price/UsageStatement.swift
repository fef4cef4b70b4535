import OpenAIWire
package import Pricing
package import Quantities

/// Something to price: what was used, and as far as it is known by which model, in which tier and when.
package struct UsageStatement: Hashable, Sendable {
    package var usage = TokenUsage()
    /// Counts that are no tokens, and the picture tokens of the output.
    package var extras: [Meter: Int64] = [:]
    /// Parts of a second beyond `extras`, in billionths.
    package var billionths: [Meter: Int64] = [:]
    /// It tells the kinds of its output, or that there is but one.
    package var hasOutputDetails = false
    package var model: String?
    package var tier: String?
    package var at: Instant?

    package init() {}

    /// Why a statement cannot be used.
    package struct Flaw: Error, Hashable, Sendable {
        package let message: String
    }

    /// Reads a usage object, an answer with `usage` in it, or an output line of a batch.
    ///
    /// Beside the usage stand `model`, `service_tier` or `tier`, `at` (RFC 3339) or `created` (seconds), and `meters`:
    /// an object of meter names and counts.
    package init(parsing json: UnsafeRawBufferPointer) throws(Flaw) {
        let value: JSONView
        do throws(JSONError) {
            value = try JSONView(parsing: json)
        } catch {
            throw Flaw(message: "not valid JSON: \(error.sentence)")
        }
        self.read(value)
        if let flaw { throw Flaw(message: flaw) }
        if !self.hasCounts, self.extras.isEmpty { throw Flaw(message: "there is no usage in it") }
    }

    private var flaw: String?
    private var hasCounts = false

    private mutating func read(_ value: JSONView) {
        guard value.kind == .object else {
            self.flaw = "a usage object or an answer was expected, not \(value.kind.phrase)"
            return
        }
        let response = value["response"]
        // An output line of a batch has its answer in `response.body`, an event of the Responses API in `response`.
        var answer: JSONView?
        if let body = response?["body"], body.kind == .object {
            answer = body
        } else if value["usage"] == nil, let response, response["usage"] != nil {
            answer = response
        }
        let outer = answer ?? value
        let usage = outer["usage"] ?? outer["response"]?["usage"] ?? outer
        self.readContext(outer, usage)
        if answer != nil { self.fillContext(from: value) }
        self.readUsage(usage)
        self.readMeters(value["meters"] ?? outer["meters"])
    }

    private mutating func readContext(_ outer: JSONView, _ usage: JSONView?) {
        self.model = outer["model"]?.string
        self.tier = (outer["service_tier"] ?? outer["tier"])?.string ?? usage?["service_tier"]?.string
        if let text = outer["at"] {
            guard let string = text.string, let at = try? Instant(rfc3339: string) else {
                self.flaw = "'at' is not a time such as 2026-11-21T09:00:00Z"
                return
            }
            self.at = at
        } else if let seconds = (outer["created"] ?? outer["created_at"]), seconds.kind != .null {
            guard let count = seconds.integer, count.magnitude < 9_000_000_000 else {
                self.flaw = "'created' is not a number of seconds since 1970"
                return
            }
            self.at = Instant(seconds: count)
        }
    }

    /// What stands around an answer applies where the answer itself says nothing.
    private mutating func fillContext(from value: JSONView) {
        var around = UsageStatement()
        around.readContext(value, nil)
        self.model = self.model ?? around.model
        self.tier = self.tier ?? around.tier
        // A moment that somebody wrote beside the answer is meant.
        if value["at"] != nil { self.at = around.at }
        self.flaw = self.flaw ?? around.flaw
    }

    private mutating func readUsage(_ usage: JSONView) {
        guard let reading = try? UsageReading.read(usage.bytes) else { return }
        if reading.isUnreadable {
            self.flaw = self.flaw ?? "a token count is not a whole number from 0"
            return
        }
        if reading.lacksInput {
            self.flaw = self.flaw ?? "'prompt_tokens' (or 'input_tokens') is missing: what went in has a price too"
            return
        }
        if let tokens = reading.usage {
            self.usage = tokens
            self.hasCounts = true
        }
        let details = usage["output_tokens_details"] ?? usage["completion_tokens_details"]
        self.hasOutputDetails = details?.kind == .object
        if let pictures = details?["image_tokens"]?.integer { self.extras[.imageOutput] = pictures }
        let written = (usage["prompt_tokens_details"] ?? usage["input_tokens_details"])?["cache_write_tokens_details"]
        let long = written?["ttl_12h_tokens"]?.integer
        if let long, long > 0, long <= self.usage.cacheWrite {
            self.usage.cacheWriteLong = long
            self.usage.cacheWrite -= long
        }
        if let seconds = usage["seconds"], seconds.kind != .null {
            self.readSeconds(seconds)
        }
    }

    /// Durations of transcriptions may have fractions; they are read as decimal text, never as binary fractions.
    private mutating func readSeconds(_ value: JSONView) {
        let text = value.kind == .number ? String(decoding: value.bytes, as: UTF8.self) : ""
        guard let units = try? DecimalText.units(text, fractionDigits: 9), units >= 0,
            let count = Int64(exactly: units / 1_000_000_000)
        else {
            self.flaw = self.flaw ?? "'seconds' must be a number from 0 with at most nine decimals"
            return
        }
        self.extras[.secondInput] = count
        let part = Int64(units % 1_000_000_000)
        if part > 0 { self.billionths[.secondInput] = part }
        self.hasCounts = true
    }

    private mutating func readMeters(_ meters: JSONView?) {
        guard let meters, meters.kind != .null else { return }
        guard meters.kind == .object else {
            self.flaw = self.flaw ?? "'meters' must be an object of names and counts"
            return
        }
        for member in meters.pairs {
            guard let meter = MeterCount.meter(member.key), let count = member.value.integer, count >= 0 else {
                self.flaw = self.flaw ?? "'meters.\(member.key)' is not a known meter with a whole number"
                return
            }
            let (sum, overflow) = self.extras[meter, default: 0].addingReportingOverflow(count)
            if overflow { self.flaw = self.flaw ?? "the counts of 'meters.\(member.key)' are too large" }
            self.extras[meter] = sum
        }
    }
}
