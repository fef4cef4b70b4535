import EbbCommands
import OpenAIWire
import Testing

@Suite("What top and explain show") struct ObserveViewTests {
    private static func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    private static let standing = """
        {"at":"2026-11-22T09:00:00.123Z","violations":0,"batches_in_all":3,"lanes":[
        {"lane":"standard","waiting":2,"running":7,"tokens_per_second":1234.4,"refused":1,"preempted":0,
        "wait_seconds":{"count":3,"p50":0.012,"p99":1.44}},
        {"lane":"batch","waiting":93,"running":1,"tokens_per_second":0,"refused":0,"preempted":4,"wait_seconds":null}],
        "engines":[{"engine":"rack","available":true,"in_flight":8,"in_flight_by_lane":{"standard":7,"batch":1},
        "limit":8,"background_limit":3,"reserve":1,"follows":"waiting","metrics_age_seconds":0.4,"held_until":null},
        {"engine":"\\u001b[31mbad","available":false,"in_flight":0,"in_flight_by_lane":{},"limit":1,
        "background_limit":1,"reserve":0,"follows":"first_token","metrics_age_seconds":null,"held_until":null}],
        "batches":[{"id":"batch_1","status":"in_progress","total":200,"completed":99,"failed":1,"in_flight":1,
        "rank":"flex","deadline_load":0.87,"slack_seconds":-90,"expires_at":"x"}]}
        """

    @Test("top shows lanes, engines and batches in tables")
    func top() throws {
        let lines = TopView(try Self.json(Self.standing)).lines
        #expect(
            lines[0] == "ebb  2026-11-22T09:00:00Z  8 in flight, 95 waiting, 1,234 tokens/s, 1 engine away")
        let words = lines.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(words.contains("standard 2 7 1,234 12 ms 1.4 s 1 0"))
        #expect(words.contains("batch 93 1 0 - - 0 4"))
        #expect(words.contains("rack ok 8 8 3 1 waiting, 400 ms old standard 7, batch 1"))
        #expect(words.contains("?[31mbad away 0 1 1 0 first token"), "names may not steer the terminal")
        #expect(words.contains("batch_1 in_progress 100/200 (50 %) 1 1 87 % -1 min 30 s flex"))
        #expect(words.last == "and 2 more")
    }

    @Test("a small terminal shows what fits: lines are cut, not wrapped, and none scrolls")
    func frame() throws {
        let lines = TopView(try Self.json(Self.standing)).lines
        let small = ScreenFrame.text(lines, rows: 5, columns: 30)
        let shown = small.split(separator: "\r\n").map {
            $0.replacing("\u{1B}[H", with: "").replacing("\u{1B}[K", with: "")
        }
        #expect(shown.count == 5 && shown.allSatisfy { $0.count <= 30 })
        #expect(shown[0] == lines[0].prefix(30))
        #expect(ScreenFrame.text(["a"], rows: 5, columns: 30).hasSuffix("a\r\n\u{1B}[J"), "what was below is cleared")
    }

    private static let steps = """
        "steps":[{"after_seconds":0,"event":"arrived","tier":"flex"},
        {"after_seconds":0.5,"event":"dispatched","engine":"rack"},
        {"after_seconds":1.25,"event":"preempted","by":null},{"after_seconds":1.3,"event":"preempted","by":"req_2"},
        {"after_seconds":2,"event":"failed","reason":"fault (status 500)"},
        {"after_seconds":3,"event":"fell_back","tier":"default"},{"after_seconds":4,"event":"first_token"},
        {"after_seconds":61.0049,"event":"ended","outcome":"answered"}]
        """

    @Test("explain tells the way in words, and what it cost")
    func explain() throws {
        let text = """
            {"id":"req_1","status":"answered","arrived_at":"2026-11-22T09:00:00Z","batch":null,"line":null,
            "waited_seconds":2.5,"found":{"ahead":4,"predicted_wait_seconds":12},\(Self.steps),
            "charge":{"requested_model":"m","served_tier":"flex","input_tokens":10,"cached_input_tokens":4,
            "output_tokens":5,"amount":"0.00002","list_amount":"0.00004","engine":"rack"}}
            """
        #expect(
            ExplainView(try Self.json(text)).lines == [
                "req_1  model m", "came 2026-11-22T09:00:00Z, answered", "",
                " 0.000 s  arrived, tier flex; 4 requests before it, predicted wait 12.0 s",
                " 0.500 s  sent to engine rack", " 1.250 s  lost its place to a more urgent request",
                " 1.300 s  lost its place to request req_2", " 2.000 s  the attempt failed: fault (status 500)",
                " 3.000 s  went on as tier standard, as its caller wished", " 4.000 s  first bytes of the answer",
                "61.005 s  ended: answered", "", "waited 2.5 s in all",
                "cost $0.00002 as tier flex: 10 tokens in (4 cached), 5 out; the standard tier costs $0.00004",
            ])
    }

    @Test("a line of a running batch says where it stands, and what its batch waits for")
    func line() throws {
        func lines(_ members: String) throws -> [String] {
            let head = #"{"batch":"batch_1","line":3,"custom_id":"row","model":"m","#
            return Array(LineView(try Self.json(head + members + "}")).lines.dropFirst())
        }
        let waiting = #""state":"waiting","ahead":1200,"preemptions":0,"batch_lines_in_flight":2"#
        #expect(
            try lines(waiting) == [
                "waiting: 1,200 lines of its batch before it", "2 lines of the batch are at engines",
            ])
        let idle = #""state":"waiting","ahead":0,"preemptions":2,"batch_lines_in_flight":0,"waiting_for":"#
        #expect(
            try lines(idle + #""engine_capacity""#) == [
                "waiting: it is next", "lost its place 2 times to more urgent requests",
                "no line of the batch is at an engine: it waits for engine capacity",
            ])
        #expect(
            try lines(idle + "null").last == "no line of the batch is at an engine: other work has the places")
        let running = #""state":"in_flight","engine":"rack","seconds_at_engine":4.2,"batch_lines_in_flight":1,"#
        #expect(
            try lines(running + #""arrived_at":"x","# + Self.steps).prefix(5) == [
                "at engine rack for 4.2 s", "1 line of the batch is at engines", "", "first sent x", "",
            ])
    }

    @Test("a running batch says how often its prompts were computed, one that has ended or begun says nothing")
    func prompts() throws {
        let running = try Self.json(#"{"ebb":{"prompt_tokens":{"computed":12600,"cached":3400,"least":12000}}}"#)
        #expect(PromptText.of(running) == "12,600 tokens computed (1.05 of the least possible), 3,400 cached")
        #expect(PromptText.ratio(running) == "1.05 of the least possible")
        #expect(PromptText.of(try Self.json("{}")) == nil)
        #expect(PromptText.of(try Self.json(#"{"ebb":{"waiting_for":"x"}}"#)) == nil)
    }

    @Test("a request of which only the charge is known, or only the steps")
    func partly() throws {
        let charged = """
            {"id":"req_1","status":"answered","arrived_at":"x","batch":"batch_1","line":3,"steps":null,
            "charge":{"served_tier":"batch","input_tokens":1,"output_tokens":1,"amount":null,"engine":"rack"}}
            """
        #expect(
            ExplainView(try Self.json(charged)).lines == [
                "req_1  batch_1 line 3", "came x, answered", "",
                "its steps are forgotten; this is what the ledger knows", "ran on rack",
                "no price for tier batch: 1 tokens in, 1 out",
            ])
        let running = #"{"id":"req_1","status":"waiting","arrived_at":"x","steps":[],"charge":null}"#
        #expect(ExplainView(try Self.json(running)).lines.last == "no charge")
    }

    @Test("what waits for hours is told: models of an engine, flex of a lane, and a single request")
    func hours() throws {
        let standing = """
            {"at":"2026-11-22T09:00:00.123Z","lanes":[{"lane":"flex","waiting":4,"running":0,"held":3,
            "held_until":"2026-11-22T20:00:00Z"}],"engines":[{"engine":"rack","available":true,"held_until":null,
            "held_models":[{"model":"qwen","until":"2026-11-22T17:00:00Z"}]}]}
            """
        let lines = TopView(try Self.json(standing)).lines
        #expect(lines.contains("flex: 3 of them wait for background hours until 2026-11-22T20:00:00Z"))
        #expect(lines.contains { $0.contains("ok, qwen until 2026-11-22T17:00:00Z") })
        let held = try Self.arrived(
            #"{"ahead":2,"predicted_wait_seconds":7200,"held_until":"2026-11-22T20:00:00Z"}"#)
        let said = "it may wait for background hours, which begin at 2026-11-22T20:00:00Z, behind 2 requests"
        #expect(held?.contains(said) == true)
    }

    @Test(
        "a request that gets no place when it comes says what keeps it",
        arguments: [
            (
                #""ahead":0,"predicted_wait_seconds":9,"held_until":null,"cause":"places""#,
                "; all places taken, predicted wait 9.0 s"
            ),
            (
                #""ahead":1,"predicted_wait_seconds":9,"cause":"places""#,
                "; 1 request before it, predicted wait 9.0 s"
            ),
            (
                #""ahead":0,"predicted_wait_seconds":0,"cause":"background_limit""#,
                "; its engines do as much background work as their protection allows, wait not foretold"
            ),
            (
                #""ahead":2,"predicted_wait_seconds":0,"cause":"engines_refuse","cause_until":"noon""#,
                "; its engines refuse work until noon, 2 requests before it, wait not foretold"
            ),
            (
                #""ahead":0,"predicted_wait_seconds":0,"cause":"engines_away""#,
                "; no engine can be reached, wait not foretold"
            ),
            (#""ahead":0,"predicted_wait_seconds":3,"cause":null"#, ""),
        ])
    func causes(found: String, words: String) throws {
        let arrived = try Self.arrived("{\(found)}")
        #expect(arrived == "0.000 s  arrived, tier eco\(words)")
    }

    private static func arrived(_ found: String) throws -> String? {
        let text = """
            {"id":"req_1","status":"waiting","arrived_at":"x","found":\(found),
            "steps":[{"after_seconds":0,"event":"arrived","tier":"eco"}],"charge":null}
            """
        return ExplainView(try Self.json(text)).lines.first { $0.contains("arrived, tier eco") }
    }
}
