import OpenAIWire
import Testing

@Suite struct SSEParserTests {
    struct Event: Hashable {
        var payload: String
        var name: String?
    }

    private func parse(_ pieces: [[UInt8]]) throws -> [Event] {
        var parser = SSEParser()
        var events: [Event] = []
        let body = { (event: SSEEvent) in
            events.append(Event(payload: String(decoding: event.payload, as: UTF8.self), name: event.name))
        }
        for piece in pieces { try parser.push(piece, body) }
        try parser.finish(body)
        return events
    }

    static let streams: [(String, [Event])] = [
        ("data: a\n\n", [Event(payload: "a")]),
        ("data:a\r\n\r\ndata: b\r\rdata:  c\n\n", [Event(payload: "a"), Event(payload: "b"), Event(payload: " c")]),
        ("\u{FEFF}data: a\n\n", [Event(payload: "a")]),
        (": hello\n\n:\ndata: a\n: more\ndata: b\n\n", [Event(payload: "a\nb")]),
        ("event: error\ndata: x\n\ndata: y\n\n", [Event(payload: "x", name: "error"), Event(payload: "y")]),
        ("id: 4\nretry: 10\ndata\ndatax: no\ndata:\n\n", [Event(payload: "\n")]),
        ("event: lonely\n\ndata: a\n\n", [Event(payload: "a")]),
        ("data: no blank line at the end", [Event(payload: "no blank line at the end")]),
        (
            "data: one\ndata: two\n\n\n\ndata: {\"é\":\"😀\"}\n\n",
            [Event(payload: "one\ntwo"), Event(payload: "{\"é\":\"😀\"}")]
        ),
        ("data: 0123456789abcdef0123456789\r\ndata: x\r\n\r\n", [Event(payload: "0123456789abcdef0123456789\nx")]),
        ("", []), ("\n\n\n", []), (": only comments\n\n", []),
    ]

    @Test("events are the same in whatever cuts the bytes arrive", arguments: streams)
    func cuts(_ text: String, _ expected: [Event]) throws {
        let bytes = Array(text.utf8)
        #expect(try self.parse([bytes]) == expected)
        #expect(try self.parse(bytes.map { [$0] }) == expected)
        for cut in 0...bytes.count {
            #expect(try self.parse([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        var random = RandomJSON(seed: UInt64(bytes.count))
        for _ in 0..<50 {
            var pieces: [[UInt8]] = []
            var at = 0
            while at < bytes.count {
                let next = min(bytes.count, at + random.below(5))
                pieces.append(Array(bytes[at..<next]))
                at = next
            }
            #expect(try self.parse(pieces) == expected)
        }
    }

    @Test("a line or an event beyond the limit is an error")
    func limits() throws {
        let ignore = { (_: SSEEvent) in }
        var parser = SSEParser(eventBytesMax: 32)
        try parser.push(Array("data: 0123456789\n\n".utf8), ignore)
        try parser.push([UInt8](repeating: 0x61, count: 30), ignore)
        #expect(throws: SSEError.tooLong(maximum: 32)) { try parser.push([UInt8](repeating: 0x61, count: 3), ignore) }
        var lines = SSEParser(eventBytesMax: 32)
        #expect(throws: SSEError.tooLong(maximum: 32)) {
            for _ in 0..<5 { try lines.push(Array("data: 0123456789\n".utf8), ignore) }
        }
    }

    @Test("what is written comes back, also with line feeds inside")
    func writing() throws {
        var bytes: [UInt8] = []
        SSEParser.append(Array("a\nb\n".utf8), to: &bytes)
        SSEParser.append(Array("{}".utf8), to: &bytes)
        bytes += SSEParser.done
        #expect(try self.parse([bytes]) == [Event(payload: "a\nb\n"), Event(payload: "{}"), Event(payload: "[DONE]")])
    }
}
