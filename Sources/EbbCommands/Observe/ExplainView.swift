package import OpenAIWire
import Quantities

/// The way of a request in words.
package struct ExplainView {
    package let lines: [String]

    /// - Parameter request: what `GET /ebb/requests/{id}` answers.
    package init(_ request: JSONValue) {
        var lines: [String] = []
        let charge = request["charge"]
        var head = request["id"]?.string ?? ""
        if let model = charge?["requested_model"]?.string { head += "  model \(model)" }
        if let batch = request["batch"]?.string {
            head += "  \(batch) line \(request["line"]?.integer.map { "\($0)" } ?? "?")"
        }
        lines += [head, "came \(request["arrived_at"]?.string ?? "?"), \(request["status"]?.string ?? "?")", ""]
        if let steps = request["steps"]?.array {
            lines += Self.steps(steps, found: request["found"])
            if let waited = Self.number(request["waited_seconds"]), request["batch"]?.string == nil {
                lines += ["", "waited \(TopView.time(waited)) in all"]
            }
        } else {
            lines.append("its steps are forgotten; this is what the ledger knows")
            if let engine = charge?["engine"]?.string, !engine.isEmpty { lines.append("ran on \(engine)") }
        }
        lines.append(Self.cost(charge))
        self.lines = lines.map { TextTable.printable($0) }
    }

    static func number(_ value: JSONValue?) -> Double? {
        guard case .number(let text) = value else { return nil }
        return Double(text)
    }

    static func steps(_ steps: [JSONValue], found: JSONValue?) -> [String] {
        var table = TextTable(["#AFTER", "STEP"])
        let rows = steps.map { step in
            let seconds = Self.number(step["after_seconds"]) ?? 0
            let millis = Int64((seconds * 1_000).rounded())
            let digits = String(millis % 1_000)
            let time = "\(millis / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits + " s"
            return [time, Self.words(step, found: found)]
        }
        return Array(table.lines(rows).dropFirst())
    }

    private static func words(_ step: JSONValue, found: JSONValue?) -> String {
        func text(_ name: String) -> String { step[name]?.string ?? "" }
        switch step["event"]?.string {
        case "arrived":
            return "arrived, tier \(TierName(text("tier")).spoken)" + Self.wait(found)
        case "dispatched": return "sent to engine \(text("engine"))"
        case "first_token": return "first bytes of the answer"
        case "preempted":
            let by = step["by"]?.string.map { "request \($0)" } ?? "a more urgent request"
            return "lost its place to \(by)"
        case "failed": return "the attempt failed: \(text("reason"))"
        case "fell_back": return "went on as tier \(TierName(text("tier")).spoken), as its caller wished"
        case "ended": return "ended: \(text("outcome"))"
        case let other: return other ?? "?"
        }
    }

    /// What it found when it came: others, full engines, or closed ones.
    private static func wait(_ found: JSONValue?) -> String {
        guard let found, found != .null else { return "" }
        let ahead = found["ahead"]?.integer ?? 0
        let wait = Self.number(found["predicted_wait_seconds"]) ?? 0
        let behind = Figures.count(ahead, "request")
        var words: [String] = []
        if let opens = found["held_until"]?.string {
            words.append("it may wait for background hours, which begin at \(opens)")
            if ahead > 0 { words.append("behind \(behind)") }
        } else {
            if let cause = Self.cause(found, isAlone: ahead == 0) { words.append(cause) }
            if ahead > 0 { words.append("\(behind) before it") }
        }
        guard !words.isEmpty else { return "" }
        words.append(wait > 0 ? "predicted wait \(TopView.time(wait))" : "wait not foretold")
        return "; " + words.joined(separator: ", ")
    }

    /// What keeps it from the engines beside those before it; that places are taken goes without saying behind others.
    private static func cause(_ found: JSONValue, isAlone: Bool) -> String? {
        let until = found["cause_until"]?.string.map { " until \($0)" } ?? ""
        return switch found["cause"]?.string {
        case "engines_away": "no engine can be reached"
        case "engines_refuse": "its engines refuse work" + until
        case "background_limit": "its engines do as much background work as their protection allows"
        case "places" where isAlone: "all places taken"
        case "places", nil: nil
        case let other?: other.replacing("_", with: " ")
        }
    }

    private static func cost(_ charge: JSONValue?) -> String {
        guard let charge, charge != .null else { return "no charge" }
        let input = charge["input_tokens"]?.integer ?? 0
        let cached = charge["cached_input_tokens"]?.integer ?? 0
        var tokens = "\(Figures.count(input)) tokens in"
        if cached > 0 { tokens += " (\(Figures.count(cached)) cached)" }
        tokens += ", \(Figures.count(charge["output_tokens"]?.integer ?? 0)) out"
        let tier = TierName(charge["served_tier"]?.string ?? "").spoken
        guard let amount = charge["amount"]?.string else { return "no price for tier \(tier): \(tokens)" }
        var text = "cost $\(amount) as tier \(tier): \(tokens)"
        if let list = charge["list_amount"]?.string, list != amount { text += "; the standard tier costs $\(list)" }
        return text
    }
}
