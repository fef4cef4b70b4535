package import OpenAIWire

/// How a gateway stands, as lines of text: lanes, engines, batches.
package struct TopView {
    /// Not cut; the terminal's width is the screen's matter.
    package let lines: [String]

    /// - Parameter standing: what `GET /ebb/scheduler` answers.
    package init(_ standing: JSONValue) {
        let lanes = standing["lanes"]?.array ?? []
        let engines = standing["engines"]?.array ?? []
        let batches = standing["batches"]?.array ?? []
        var lines = [Self.summary(standing, lanes, engines), ""]
        var table = TextTable([
            "LANE", "#WAITING", "#RUNNING", "#TOKENS/S", "#WAIT P50", "#WAIT P99", "#REFUSED", "#PREEMPTED",
        ])
        lines += table.lines(lanes.map(Self.row(lane:)))
        for lane in lanes {
            guard let held = lane["held"]?.integer, held > 0, let opens = lane["held_until"]?.string else { continue }
            let words = "\(lane["lane"]?.string ?? ""): \(held) of them wait for background hours until \(opens)"
            lines.append(TextTable.printable(words))
        }
        table = TextTable(["ENGINE", "STATE", "#IN FLIGHT", "#L", "#B", "#R", "FOLLOWS", "LANES"])
        lines += [""] + table.lines(engines.map(Self.row(engine:)))
        if !batches.isEmpty {
            table = TextTable(["BATCH", "STATUS", "#DONE", "#FAILED", "#RUNNING", "#LOAD", "#SLACK", "RANK"])
            lines += [""] + table.lines(batches.map(Self.row(batch:)))
            let more = (standing["batches_in_all"]?.integer ?? 0) - Int64(batches.count)
            if more > 0 { lines.append("and \(more) more") }
        }
        self.lines = lines
    }

    private static func summary(_ standing: JSONValue, _ lanes: [JSONValue], _ engines: [JSONValue]) -> String {
        func sum(_ list: [JSONValue], _ name: String) -> Int64 { list.reduce(0) { $0 + ($1[name]?.integer ?? 0) } }
        let tokens = lanes.reduce(0) { $0 + (Self.number($1["tokens_per_second"]) ?? 0) }
        let away = engines.filter { $0["available"]?.bool == false }.count
        var text = "ebb  \(standing["at"]?.string.map { String($0.prefix(19)) + "Z" } ?? "")"
        text += "  \(sum(engines, "in_flight")) in flight, \(sum(lanes, "waiting")) waiting"
        text += ", \(Figures.count(Int64(tokens.rounded()))) tokens/s"
        if away > 0 { text += ", \(away) engine\(away == 1 ? "" : "s") away" }
        if let broken = standing["violations"]?.integer, broken > 0 { text += ", \(broken) rules broken (see the log)" }
        return text
    }

    private static func number(_ value: JSONValue?) -> Double? {
        guard case .number(let text) = value else { return nil }
        return Double(text)
    }

    private static func count(_ value: JSONValue?) -> String { value?.integer.map { Figures.count($0) } ?? "-" }

    /// 12 ms, 1.4 s, 3 min 05 s.
    static func time(_ seconds: Double?) -> String {
        guard let seconds else { return "-" }
        if seconds.magnitude < 1 { return "\(Int((seconds * 1_000).rounded())) ms" }
        let shown = Figures.time(.seconds(seconds.magnitude))
        return seconds < 0 ? "-" + shown : shown
    }

    private static func row(lane: JSONValue) -> [String] {
        let waits = lane["wait_seconds"]
        let isBatch = lane["lane"]?.string == "batch"
        return [
            lane["lane"]?.string ?? "", Self.count(lane["waiting"]), Self.count(lane["running"]),
            Self.number(lane["tokens_per_second"]).map { Figures.count(Int64($0.rounded())) } ?? "-",
            // Lines are fetched when there is room: they wait in their batch.
            isBatch ? "-" : Self.time(Self.number(waits?["p50"])),
            isBatch ? "-" : Self.time(Self.number(waits?["p99"])),
            Self.count(lane["refused"]), Self.count(lane["preempted"]),
        ]
    }

    private static func row(engine: JSONValue) -> [String] {
        var state = engine["available"]?.bool == false ? "away" : "ok"
        if let held = engine["held_until"]?.string { state = "held until \(held)" }
        for held in engine["held_models"]?.array ?? [] {
            state += ", \(held["model"]?.string ?? "") until \(held["until"]?.string ?? "")"
        }
        var follows = (engine["follows"]?.string ?? "").replacing("_", with: " ")
        if follows == "waiting", let age = Self.number(engine["metrics_age_seconds"]) {
            follows += ", \(Self.time(age)) old"
        }
        let lanes = (engine["in_flight_by_lane"]?.members ?? []).compactMap { member -> String? in
            guard let count = member.value.integer, count > 0 else { return nil }
            return "\(member.key) \(count)"
        }
        return [
            engine["engine"]?.string ?? "", state, Self.count(engine["in_flight"]), Self.count(engine["limit"]),
            Self.count(engine["background_limit"]), Self.count(engine["reserve"]), follows,
            lanes.joined(separator: ", "),
        ]
    }

    private static func row(batch: JSONValue) -> [String] {
        let total = batch["total"]?.integer ?? 0
        let failed = batch["failed"]?.integer ?? 0
        let done = (batch["completed"]?.integer ?? 0) + failed
        let share = total > 0 ? " (\(done * 100 / total) %)" : ""
        return [
            batch["id"]?.string ?? "", batch["status"]?.string ?? "", "\(done)/\(total)\(share)", "\(failed)",
            Self.count(batch["in_flight"]),
            Self.number(batch["deadline_load"]).map { "\(Int(($0 * 100).rounded())) %" } ?? "-",
            Self.time(Self.number(batch["slack_seconds"])), batch["rank"]?.string ?? "",
        ]
    }
}
