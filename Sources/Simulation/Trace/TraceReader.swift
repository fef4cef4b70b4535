import OpenAIWire
import Quantities

/// Reads the traces that people publish.
public enum TraceReader {
    public struct Flaw: Error, Hashable, CustomStringConvertible {
        public let line: Int
        public let reason: String
        public var description: String { "line \(self.line): \(self.reason)" }
    }

    /// Azure's LLM inference traces: `TIMESTAMP,ContextTokens,GeneratedTokens`, times with a fraction, a head line.
    public static func azure(_ bytes: [UInt8]) throws(Flaw) -> Trace {
        var requests: [TraceRequest] = []
        var first: Int64?
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard !text.isEmpty, number > 1 else { continue }
            let fields = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard fields.count == 3, let prompt = Int(Substring(decoding: fields[1], as: UTF8.self)),
                let output = Int(Substring(decoding: fields[2], as: UTF8.self)), prompt >= 0, output >= 0
            else { throw Flaw(line: number, reason: "expected TIMESTAMP,ContextTokens,GeneratedTokens") }
            guard let instant = try? Instant(rfc3339: String(decoding: fields[0], as: UTF8.self)) else {
                throw Flaw(line: number, reason: "the time is not as in 2023-11-16 18:17:03.9799600")
            }
            let start = first ?? instant.nanoseconds
            first = start
            requests.append(
                TraceRequest(
                    arrival: max(0, instant.nanoseconds - start), promptTokens: prompt, outputTokens: output))
        }
        return Trace(requests)
    }
}
