import OpenAIWire

/// The kinds of trace files that can be read.
public enum TraceFormat: String, Sendable, CaseIterable {
    /// Azure's LLM inference traces: CSV, `TIMESTAMP,ContextTokens,GeneratedTokens`.
    case azure
    /// Mooncake's traces: JSONL with `timestamp` (ms), `input_length`, `output_length` and `hash_ids`.
    case mooncake
    /// What `ebb ledger list --json` prints: one charge a line.
    case ebb

    /// The format that a file's first line shows; nil: none of these.
    static func found(in line: UnsafeRawBufferPointer) -> TraceFormat? {
        guard let first = line.first else { return nil }
        if first == UInt8(ascii: "{") {
            guard let object = try? JSONView(parsing: line) else { return nil }
            if object["started_at"] != nil { return .ebb }
            return object["input_length"] != nil ? .mooncake : nil
        }
        let commas = line.reduce(0) { $0 + ($1 == UInt8(ascii: ",") ? 1 : 0) }
        let isHead = line.starts(with: "TIMESTAMP,".utf8)
        return commas == 2 && (isHead || Self.isDigit(first)) ? .azure : nil
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

/// What a trace file holds.
public struct Recording: Sendable {
    public let format: TraceFormat
    /// Requests that came one by one.
    public var trace: Trace
    /// Lines of batches, where the file tells them apart.
    public var batches: [SimulatedBatch]

    public init(format: TraceFormat, trace: Trace, batches: [SimulatedBatch] = []) {
        self.format = format
        self.trace = trace
        self.batches = batches
    }

    /// All requests and lines, as work without times.
    public var lines: [TraceRequest] { self.trace.requests + self.batches.flatMap(\.lines) }
}
