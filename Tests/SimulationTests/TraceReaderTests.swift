import Quantities
import Scheduling
import Simulation
import Testing

@Suite struct TraceReaderTests {
    static let second: Int64 = 1_000_000_000

    static func read(_ text: String, _ format: TraceFormat? = nil) throws -> Recording {
        try TraceReader.read(Array(text.utf8), format: format)
    }

    static let azure = """
        TIMESTAMP,ContextTokens,GeneratedTokens
        2023-11-16 18:15:46.6805900,374,44\r
        2023-11-16 18:15:45.6805900,396,109

        """

    @Test("Azure's CSV is known by its head, read in any order, with or without the head")
    func azureRows() throws {
        let recording = try Self.read(Self.azure)
        #expect(recording.format == .azure)
        #expect(recording.trace.requests.map(\.arrival) == [0, Self.second])
        #expect(recording.trace.requests.map(\.promptTokens) == [396, 374])
        let bare = Self.azure.split(separator: "\n").dropFirst().joined(separator: "\n")
        #expect(try Self.read(bare).trace.requests == recording.trace.requests)
    }

    @Test("Mooncake's lines carry the hashes of their blocks")
    func mooncakeLines() throws {
        let recording = try Self.read(
            """
            {"timestamp": 500, "input_length": 1100, "output_length": 6, "hash_ids": [0, 1, 9]}
            {"hash_ids": [0, 1, 12], "timestamp": 3500, "input_length": 1200, "output_length": 4, "extra": {}}
            """)
        #expect(recording.format == .mooncake)
        #expect(recording.trace.requests.map(\.chain) == [[0, 1, 9], [0, 1, 12]])
        #expect(recording.trace.requests.map(\.arrival) == [0, 3 * Self.second])
        #expect(recording.trace.requests.map(\.outputTokens) == [6, 4])
        #expect(recording.trace.hasChains)
    }

    static func charge(
        _ time: String, tier: String = "default", batch: String? = nil, project: String = "proj_a", input: Int = 100,
        output: Int = 10
    ) -> String {
        let batch = batch.map { "\"\($0)\"" } ?? "null"
        return """
            {"request":"req_1","project":"\(project)","batch":\(batch),"served_tier":"\(tier)",\
            "started_at":"2026-11-22T08:00:\(time)Z","usage":{"input":\(input),"cached_input":40,"output":\(output)}}
            """
    }

    @Test("Ebb's ledger gives requests by tier, and batches with the windows of their tiers")
    func charges() throws {
        let recording = try Self.read(
            [
                Self.charge("11"), Self.charge("11"), Self.charge("10", tier: "flex"),
                Self.charge("12", tier: "priority", project: "proj_b"),
                Self.charge("15", tier: "batch", batch: "batch_1"),
                Self.charge("13", tier: "batch", batch: "batch_1"), Self.charge("14", tier: "2h"),
                Self.charge("16", input: 0, output: 0),
            ].joined(separator: "\n"))
        #expect(recording.format == .ebb)
        let requests = recording.trace.requests
        #expect(requests.map(\.lane) == [.flex, .standard, .standard, .priority])
        // Two requests of one written second do not come at one moment.
        #expect(requests.map(\.arrival) == [0, Self.second, Self.second * 3 / 2, 2 * Self.second])
        #expect(requests.map(\.project) == ["proj_a", "proj_a", "proj_a", "proj_b"])
        #expect(requests.allSatisfy { $0.cachedTokens == 40 })
        #expect(recording.batches.map(\.lines.count) == [2, 1])
        #expect(recording.batches.map(\.createdAt) == [3 * Self.second, 4 * Self.second])
        #expect(recording.batches.map { ($0.deadline - $0.createdAt) / Self.second } == [86_400, 7_200])
        #expect(recording.batches.map(\.tier) == ["batch", "2h"])
        #expect(recording.lines.count == 7)
    }

    @Test(
        "what cannot be read is told with its line",
        arguments: [
            ("", 1, "no requests"), ("hello\n", 1, "no Azure CSV"),
            ("TIMESTAMP,ContextTokens,GeneratedTokens\n", 2, "no requests"),
            ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1\n", 2, "expected TIMESTAMP"),
            ("TIMESTAMP,ContextTokens,GeneratedTokens\n\nyesterday,1,1\n", 3, "the time is not"),
            ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,-1,1\n", 2, "ContextTokens"),
            ("2023-11-16 18:15:46,10000001,1\n", 1, "above 10000000"),
            ("{\"timestamp\":1,\"input_length\":1,\"output_length\":1}\n{\"timestamp\":", 2, "not a JSON object"),
            ("{\"timestamp\":-1,\"input_length\":1,\"output_length\":1}", 1, "timestamp"),
            ("{\"timestamp\":1,\"input_length\":1,\"output_length\":1,\"hash_ids\":[\"a\"]}", 1, "not a JSON object"),
            ("{\"started_at\":\"now\"}", 1, "started_at"),
            ("{\"started_at\":\"2026-11-22T08:00:00Z\"}", 1, "usage is missing"),
            ("{\"started_at\":\"2026-11-22T08:00:00Z\",\"usage\":{\"input\":1,\"output\":1}}", 1, "served_tier"),
        ])
    func flaws(text: String, line: Int, words: String) {
        let flaw = #expect(throws: TraceReader.Flaw.self) { try Self.read(text) }
        #expect(flaw?.line == line)
        #expect(flaw?.reason.contains(words) == true, "\(flaw?.reason ?? "")")
    }

    @Test("a gap longer than what may be simulated is told with its line, in whatever order the lines come")
    func span() throws {
        let near = "2023-11-16 18:15:46,1,1\n2023-12-16 18:15:46,1,1\n"
        for (text, line) in [
            (near + "2023-12-16 18:15:46.1,1,1\n", 3), ("2099-01-01 00:00:00,1,1\n" + near, 2),
            ("1700-01-01 00:00:00,1,1\n2261-01-01 00:00:00,1,1\n", 2),
            (Self.charge("10") + "\n" + Self.charge("10", tier: "batch").replacing("2026", with: "2027"), 2),
        ] {
            var reader = TraceReader(spanMax: 30 * 86_400 * Self.second)
            let flaw = #expect(throws: TraceReader.Flaw.self) {
                for row in text.split(separator: "\n") { try Array(row.utf8).withUnsafeBytes { try reader.add($0) } }
            }
            #expect(flaw?.line == line && flaw?.reason == "more than 30 days from another request")
        }
        #expect(try Self.read(near).trace.span == 30 * 86_400 * Self.second)
        #expect(throws: TraceReader.Flaw.self) { try Self.read("1700-01-01 00:00:00,1,1\n2261-01-01 00:00:00,1,1") }
    }

    @Test("a forced format is not guessed at")
    func forced() {
        let flaw = #expect(throws: TraceReader.Flaw.self) { try Self.read(Self.azure, .mooncake) }
        #expect(flaw?.line == 1)
    }

    static func steady(_ count: Int) -> Trace {
        Trace((0..<count).map { TraceRequest(arrival: Int64($0) * second, promptTokens: 10 + $0, outputTokens: 5) })
    }

    @Test("a rate is met by leaving requests out, or by copies near them, the same for a seed")
    func rates() {
        let trace = Self.steady(1_000)
        for (factor, count) in [(0.25, 250), (1.0, 1_000), (2.5, 2_500)] {
            let scaled = trace.scaled(by: factor, seed: 7)
            #expect(abs(scaled.requests.count - count) <= 1)
            #expect(scaled.span <= trace.span)
            #expect(scaled.requests == trace.scaled(by: factor, seed: 7).requests)
        }
        #expect(trace.scaled(by: 2, seed: 7).requests != trace.scaled(by: 2, seed: 8).requests)
    }

    @Test("a share of the standard requests is parted; collected, each is due within its window")
    func parting() {
        var trace = Self.steady(1_000)
        trace.requests[3].lane = .priority
        let (rest, parted) = trace.parted(0.4, seed: 1)
        #expect(rest.requests.count + parted.requests.count == 1_000)
        #expect(abs(parted.requests.count - 400) < 60)
        #expect(rest.requests.contains { $0.lane == .priority })
        let minute = 60 * Self.second
        let batches = parted.collected(every: minute, window: 120 * minute, tier: "2h")
        #expect(batches.reduce(0) { $0 + $1.lines.count } == parted.requests.count)
        for batch in batches {
            #expect(batch.lines.allSatisfy { $0.arrival < batch.createdAt })
            #expect(batch.lines.allSatisfy { batch.deadline <= $0.arrival + 120 * minute })
        }
    }
}
