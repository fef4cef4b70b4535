import EbbCommands
import Testing

@Suite struct CSVParserTests {
    /// Parses in chunks of `size` bytes.
    private static func records(_ text: [UInt8], size: Int) throws -> [CSVRecord] {
        var parser = CSVParser()
        var records: [CSVRecord] = []
        for start in stride(from: 0, to: text.count, by: size) {
            let chunk = Array(text[start..<min(start + size, text.count)])
            records += try chunk.withUnsafeBytes { (bytes) throws(InputFlaw) in try parser.feed(bytes) }
        }
        if let last = try parser.finish() { records.append(last) }
        return records
    }

    struct Good: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let rows: [[String]]
        var testDescription: String { self.name }
    }

    static let good: [Good] = [
        Good(name: "line feeds", text: "a,b\n1,2\n", rows: [["a", "b"], ["1", "2"]]),
        Good(name: "carriage returns", text: "a,b\r\n1,2\r\n", rows: [["a", "b"], ["1", "2"]]),
        Good(name: "no last line end", text: "a,b\n1,2", rows: [["a", "b"], ["1", "2"]]),
        Good(name: "quotes", text: "\"a,b\",\"c\"\"d\"\n", rows: [["a,b", "c\"d"]]),
        Good(name: "line ends in quotes", text: "\"a\r\nb\",c\nd,e", rows: [["a\r\nb", "c"], ["d", "e"]]),
        Good(name: "empty fields", text: ",\n\"\",x\n", rows: [["", ""], ["", "x"]]),
        Good(name: "an empty quoted field alone", text: "a\n\"\"\n", rows: [["a"], [""]]),
        Good(name: "empty lines", text: "a\n\n\r\nb\n", rows: [["a"], ["b"]]),
        Good(name: "byte order mark", text: "\u{FEFF}a,b\n", rows: [["a", "b"]]),
        Good(name: "spaces and other scripts", text: " a , ü漢\n", rows: [[" a ", " ü漢"]]),
        Good(name: "a trailing comma", text: "a,", rows: [["a", ""]]),
        Good(name: "nothing", text: "", rows: []),
    ]

    @Test(arguments: good, [1, 2, 3, 1_000]) func `reads what RFC 4180 describes`(example: Good, size: Int) throws {
        #expect(try Self.records(Array(example.text.utf8), size: size).map(\.fields) == example.rows)
    }

    @Test func `a record has the line on which it begins`() throws {
        let records = try Self.records(Array("a\n\"b\nb\"\n\nc\n".utf8), size: 4)
        #expect(records.map(\.line) == [1, 2, 5])
    }

    @Test(arguments: [
        ("a\n\"b\nc", 2), ("a\n\"b\"c\n", 2), ("a\nb\"c\n", 2), ("a\rb", 1),
    ]) func `names the line of what it cannot read`(text: String, line: Int) {
        let flaw = #expect(throws: InputFlaw.self) { try Self.records(Array(text.utf8), size: 3) }
        #expect(flaw?.line == line)
    }

    @Test func `text that is not UTF-8 is named with its column`() {
        let flaw = #expect(throws: InputFlaw.self) { try Self.records([0x61, 0x2C, 0xFF, 0x0A], size: 10) }
        #expect(flaw?.field == "column 2")
    }
}
