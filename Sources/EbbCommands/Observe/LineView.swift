package import OpenAIWire
import Quantities

/// Where a line of a running batch stands, in words.
package struct LineView {
    package let lines: [String]

    /// - Parameter line: what `GET /ebb/batches/{id}/line` answers.
    package init(_ line: JSONValue) {
        var head = "\(line["batch"]?.string ?? "") line \(line["line"]?.integer.map { "\($0)" } ?? "?")"
        head += " (\(line["custom_id"]?.string ?? ""))"
        if let model = line["model"]?.string { head += "  model \(model)" }
        var lines = [head, Self.state(line)]
        let preemptions = line["preemptions"]?.integer ?? 0
        if preemptions > 0 {
            lines.append("lost its place \(Figures.count(preemptions, "time")) to more urgent requests")
        }
        lines.append(Self.batch(line))
        if let steps = line["steps"]?.array, !steps.isEmpty {
            lines += ["", "first sent \(line["arrived_at"]?.string ?? "?")", ""]
            lines += ExplainView.steps(steps, found: nil)
        }
        self.lines = lines.map { TextTable.printable($0) }
    }

    private static func state(_ line: JSONValue) -> String {
        switch line["state"]?.string {
        case "waiting":
            let ahead = line["ahead"]?.integer ?? 0
            if ahead == 0 { return "waiting: it is next" }
            return "waiting: \(Figures.count(ahead, "line")) of its batch before it"
        case "put_off":
            return "put off until \(line["until"]?.string ?? "?"), because its last attempt failed"
        case "awaits_money": return "waiting for money: the spend limit leaves too little for it"
        case "in_flight":
            let seconds = ExplainView.number(line["seconds_at_engine"]).map { " for \(TopView.time($0))" } ?? ""
            return "at engine \(line["engine"]?.string ?? "?")\(seconds)"
        case "recording": return "it has a result, which is being recorded"
        case let other: return other ?? "?"
        }
    }

    private static func batch(_ line: JSONValue) -> String {
        let inFlight = line["batch_lines_in_flight"]?.integer ?? 0
        if inFlight > 0 {
            return "\(Figures.count(inFlight, "line")) of the batch \(inFlight == 1 ? "is" : "are") at engines"
        }
        if let wait = WaitText.told(line) { return "no line of the batch is at an engine: it waits for \(wait)" }
        return "no line of the batch is at an engine: other work has the places"
    }
}
