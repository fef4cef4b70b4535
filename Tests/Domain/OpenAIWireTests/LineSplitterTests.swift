import OpenAIWire
import Testing

@Suite struct LineSplitterTests {
    private func split(_ pieces: [[UInt8]], limit: Int = 100) throws -> [String] {
        var splitter = LineSplitter(lineBytesMax: limit)
        var lines: [String] = []
        let body = { (line: UnsafeRawBufferPointer, number: Int) in
            lines.append("\(number):\(String(decoding: line, as: UTF8.self))")
        }
        for piece in pieces { try piece.withUnsafeBytes { try splitter.push($0, body) } }
        splitter.finish(body)
        return lines
    }

    static let files: [(String, [String])] = [
        ("", []), ("a", ["1:a"]), ("a\n", ["1:a"]), ("a\r\n\r\nb", ["1:a", "2:", "3:b"]), ("\n\n", ["1:", "2:"]),
        ("0123456789abcdef\nx\r", ["1:0123456789abcdef", "2:x"]), ("a\rb\n", ["1:a\rb"]),
    ]

    @Test("lines are the same in whatever cuts the bytes arrive", arguments: files)
    func cuts(_ text: String, _ expected: [String]) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(try self.split([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected)
        }
        #expect(try self.split(bytes.map { [$0] }) == expected)
    }

    @Test("a line beyond the limit is named")
    func limit() {
        let bytes = Array("ok\n0123456789\n".utf8)
        #expect(throws: LineSplitter.TooLong(line: 2, maximum: 9)) { try self.split([bytes], limit: 9) }
        #expect(throws: LineSplitter.TooLong(line: 2, maximum: 9)) { try self.split(bytes.map { [$0] }, limit: 9) }
    }
}
