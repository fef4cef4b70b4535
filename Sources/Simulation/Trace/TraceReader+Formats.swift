import OpenAIWire
public import Quantities
public import Scheduling

/// One line of each format.
extension TraceReader {
    /// `2023-11-16 18:17:03.9799600,4808,10`; a first line that begins with a letter is the head.
    mutating func addRow(_ line: UnsafeRawBufferPointer) throws(Flaw) {
        guard let byte = line.first, TraceFormat.isDigit(byte) || self.lineNumber > 1 else { return }
        let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        func number(_ index: Int) -> Int64? { Int64(String(decoding: fields[index], as: UTF8.self)) }
        guard fields.count == 3, let prompt = number(1), let output = number(2) else {
            throw self.flaw("expected TIMESTAMP,ContextTokens,GeneratedTokens")
        }
        guard let instant = try? Instant(rfc3339: String(decoding: fields[0], as: UTF8.self)) else {
            throw self.flaw("the time is not as in 2023-11-16 18:17:03.9799600")
        }
        self.append(
            TraceRequest(
                arrival: instant.nanoseconds, promptTokens: try self.tokens(prompt, "ContextTokens"),
                outputTokens: try self.tokens(output, "GeneratedTokens")))
    }

    /// `{"timestamp": 0, "input_length": 40160, "output_length": 6, "hash_ids": [0, 1, 2]}`: milliseconds, tokens, and
    /// a hash for every 512 tokens of the prompt that covers all before it too.
    mutating func addMooncake(_ line: UnsafeRawBufferPointer) throws(Flaw) {
        var time: Int64?
        var input: Int64?
        var output: Int64?
        var chain: [UInt64] = []
        do throws(JSONError) {
            var scanner = JSONScanner(line)
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                if scanner.matches(key, "hash_ids") {
                    chain = try Self.hashes(&scanner)
                    continue
                }
                let value = try scanner.value()
                if scanner.matches(key, "timestamp") { time = scanner.integer(value) }
                if scanner.matches(key, "input_length") { input = scanner.integer(value) }
                if scanner.matches(key, "output_length") { output = scanner.integer(value) }
            }
            try scanner.finish()
        } catch { throw self.flaw("not a JSON object: \(error.reason) at byte \(error.offset + 1)") }
        guard let time, time >= 0, time <= .max / 2_000_000 else {
            throw self.flaw("timestamp is not a number of milliseconds")
        }
        self.append(
            TraceRequest(
                arrival: time * 1_000_000, promptTokens: try self.tokens(input, "input_length"),
                outputTokens: try self.tokens(output, "output_length"), chain: chain))
    }

    private static func hashes(_ scanner: inout JSONScanner) throws(JSONError) -> [UInt64] {
        var chain: [UInt64] = []
        try scanner.openArray()
        while try scanner.nextElement() {
            let value = try scanner.value()
            guard let hash = scanner.integer(value) else {
                throw JSONError(offset: value.range.lowerBound, reason: .invalidNumber)
            }
            chain.append(UInt64(bitPattern: hash))
        }
        return chain
    }

    /// A charge of Ebb's ledger. What neither read nor wrote a token never ran and is left out.
    mutating func addCharge(_ line: UnsafeRawBufferPointer) throws(Flaw) {
        let charge: JSONView
        do throws(JSONError) { charge = try JSONView(parsing: line) } catch {
            throw self.flaw("not a JSON object: \(error.reason) at byte \(error.offset + 1)")
        }
        guard let text = charge["started_at"]?.string, let start = try? Instant(rfc3339: text) else {
            throw self.flaw("started_at is not a time such as 2026-11-22T08:00:00Z")
        }
        guard let usage = charge["usage"], usage.kind == .object else { throw self.flaw("usage is missing") }
        let input = try self.tokens(usage["input"]?.integer, "usage.input")
        let output = try self.tokens(usage["output"]?.integer, "usage.output")
        let cached = try self.tokens(usage["cached_input"]?.integer ?? 0, "usage.cached_input")
        guard let tier = charge["served_tier"]?.string else { throw self.flaw("served_tier is missing") }
        if input == 0, output == 0 { return }
        let project = ProjectID(charge["project"]?.string ?? "proj_trace")
        let lane = Lane(tier: TierName(tier))
        let request = TraceRequest(
            arrival: start.nanoseconds, promptTokens: input, outputTokens: output, cachedTokens: cached, lane: lane,
            project: project)
        if let batch = charge["batch"]?.string {
            self.append(request, to: BatchID(batch), tier: TierName(tier))
        } else if lane == .batch {
            self.append(request, to: BatchID("\(tier) of \(project)"), tier: TierName(tier))
        } else {
            self.append(request)
        }
    }
}

extension Lane {
    /// The lane of a tier's work: windows are batches, names that are not known are standard.
    public init(tier: TierName) {
        switch tier.text {
        case "priority", "fast": self = .priority
        case "flex": self = .flex
        case "batch": self = .batch
        default: self = (try? CompletionWindow(tier.text)) == nil ? .standard : .batch
        }
    }
}
