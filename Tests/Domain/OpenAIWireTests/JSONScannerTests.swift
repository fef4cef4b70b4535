import OpenAIWire
import Quantities
import Testing

@Suite struct JSONScannerTests {
    static let accepted = [
        "null", "true", "false", "0", "-0", "1", "-1.5", "1e3", "1E+3", "1.25e-7", "123456789012345678901234567890",
        "1e999999", #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u0041\ud83d\ude00""#, #""\ud800""#, #""é€😀""#,
        "\"\u{7F}\"", "[]", "{}", "[ ]", "{ }", "[1,2]", "[[],[[]],{}]", #"{"a":1}"#, #"{"a":{"b":[1,{"c":null}]}}"#,
        " \t\r\n[ 1 , 2 ]\n", #"{"a":1,"a":2}"#, #"{"":""}"#, #""0123456789abcdefghijklmnop""#, "[true,false,null]",
        "\"\u{10FFFF}\u{E000}\u{D7FF}\u{800}\u{80}\"",
    ]

    static let rejected = [
        "", " ", "nul", "nulL", "True", "tru", "truex", "01", "-", "-a", "+1", ".5", "1.", "1.e3", "1e", "1e+", "0x10",
        "NaN", "Infinity", "\"", "\"a", #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, "\"\n\"", "\"\u{0}\"", "\"\u{1F}\"",
        "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{a:1}", #"{"a"}"#, #"{"a":}"#,
        #"{"a":1"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#, #"{"a":1]"#, #"{1:2}"#, "1 2", "[] []", "[]]",
        "{} x", "\u{FEFF}1", "// c", "[1]/* */", #"{"a" 1}"#, "[\"a\", \"b]", "--1", "1.2.3", "1e5.5", "\u{A0}1",
    ]

    @Test("valid texts are accepted", arguments: accepted)
    func accepts(_ text: String) throws {
        #expect(try self.validate(Array(text.utf8)) != nil)
    }

    @Test("invalid texts are rejected", arguments: rejected)
    func rejects(_ text: String) {
        #expect(throws: JSONError.self) { try self.validate(Array(text.utf8)) }
    }

    @Test("invalid texts are rejected inside containers too", arguments: rejected.filter { $0 != "" && $0 != " " })
    func rejectsNested(_ text: String) {
        #expect(throws: JSONError.self) { try self.validate(Array("[{\"k\":[\(text)~]}]".utf8)) }
    }

    static let invalidUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x41, 0x80], [0xF0, 0x9F, 0x98, 0x41],
    ]

    @Test("invalid UTF-8 is rejected wherever it lies in the word", arguments: invalidUTF8)
    func rejectsUTF8(_ bytes: [UInt8]) {
        for before in 0..<17 {
            let text = [0x22] + [UInt8](repeating: 0x61, count: before) + bytes + [0x22]
            let error = #expect(throws: JSONError.self) { try self.validate(text) }
            #expect(error == JSONError(offset: before + 1, reason: .invalidUTF8))
        }
    }

    @Test("special bytes are found at every place in a word", arguments: [0x00, 0x0A, 0x1F, 0x22, 0x5C] as [UInt8])
    func findsSpecialBytes(_ byte: UInt8) {
        for before in 0..<20 {
            let text = [0x22] + [UInt8](repeating: 0x7E, count: before) + [byte] + [UInt8](repeating: 0x7A, count: 12)
            let error = #expect(throws: JSONError.self) { try self.validate(text + [0x22, 0x22]) }
            let expected = byte == 0x22 ? before + 2 : before + 1
            #expect(error?.offset == expected)
        }
    }

    @Test("depth is limited, and the limit counts open containers")
    func depth() throws {
        let max = JSONScanner.depthMax
        for open in ["[", "{\"a\":"] {
            let close = open == "[" ? "]" : "}"
            let core = open == "[" ? "" : "1"
            let fits = String(repeating: open, count: max) + core + String(repeating: close, count: max)
            #expect(try self.validate(Array(fits.utf8)) != nil)
            let over = String(repeating: open, count: max + 1) + core + String(repeating: close, count: max + 1)
            let error = #expect(throws: JSONError.self) { try self.validate(Array(over.utf8)) }
            #expect(error?.reason == .tooDeep)
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(over.utf8)) }
        }
        let endless = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError.self) { try self.validate(endless) }
    }

    @Test("keys match also when they are spelled with escapes")
    func escapedKeys() throws {
        let text = Array(#"{"\u006dodel":1,"mod\u0065l":2,"modelx":3,"mode":4,"model":5}"#.utf8)
        let found = try text.withUnsafeBytes { buffer -> [Int64?] in
            var scanner = JSONScanner(buffer)
            var found: [Int64?] = []
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                let value = try scanner.value()
                if scanner.matches(key, "model") { found.append(scanner.integer(value)) }
            }
            try scanner.finish()
            return found
        }
        #expect(found == [1, 2, 5])
    }

    static let integers: [(String, Int64?)] = [
        ("0", 0), ("-0", 0), ("5.0", 5), ("1e3", 1000), ("1.5e1", 15), ("1.50e1", 15), ("15e-1", nil), ("150e-1", 15),
        ("1e-1", nil), ("0e99", 0), ("0.000", 0), ("0.0e-5", 0), ("9223372036854775807", .max),
        ("1e18", 1_000_000_000_000_000_000),
        ("9223372036854775808", nil), ("-9223372036854775808", .min), ("-9223372036854775809", nil), ("1e19", nil),
        ("9.223372036854775807e18", .max), ("18446744073709551616", nil), ("1e999999999999", nil),
        ("1e-999999999999", nil),
        ("100000000000000000000e-20", 1), ("123456789012345678901234567890", nil), ("0.5", nil), ("12.000", 12),
        ("-7", -7), ("1.0000000000000000000000000", 1), ("10e0", 10),
    ]

    @Test("numbers become integers exactly when they are integral", arguments: integers)
    func readsInteger(_ text: String, _ expected: Int64?) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).integer == expected)
    }

    static let strings: [(String, String)] = [
        (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""\u00e9""#, "é"),
        (#""\uD83D\uDE00""#, "😀"), (#""\ud800""#, "\u{FFFD}"), (#""\ud800x""#, "\u{FFFD}x"),
        (#""\udc00\ud800""#, "\u{FFFD}\u{FFFD}"), (#""\ud800\u0041""#, "\u{FFFD}A"),
        (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"), (#""\u0000""#, "\0"), (#""é😀""#, "é😀"),
    ]

    @Test("strings are decoded", arguments: strings)
    func decodesString(_ text: String, _ expected: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).string == expected)
    }

    @discardableResult
    private func validate(_ bytes: [UInt8]) throws -> JSONSlice? {
        try bytes.withUnsafeBytes { try JSONScanner.validate($0) }
    }
}
