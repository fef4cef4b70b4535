import OpenAIWire
import Testing

@Suite struct JSONValueTests {
    @Test("a tree survives writing and parsing", arguments: 0..<300 as Range<UInt64>)
    func roundTrip(_ seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        let tree = random.tree()
        #expect(try JSONValue(parsing: tree.encoded) == tree)
    }

    @Test("scanner and tree agree on every mutation", arguments: 0..<200 as Range<UInt64>)
    func agreement(_ seed: UInt64) {
        var random = RandomJSON(seed: seed &+ 1000)
        let text = random.tree(depth: 5).encoded
        for _ in 0..<50 {
            let mutated = random.mutated(text)
            let tree = Result { try JSONValue(parsing: mutated) }
            let scan = Result { try mutated.withUnsafeBytes { try JSONScanner.validate($0) } }
            switch (tree, scan) {
            case (.success(let value), .success(let slice)): #expect(value.kind == slice.kind)
            case (.failure(let a as JSONError), .failure(let b as JSONError)): #expect(a == b)
            default: Issue.record("tree and scanner disagree on \(String(decoding: mutated, as: UTF8.self))")
            }
            if case .success(let value) = tree {
                #expect(String(validating: mutated, as: UTF8.self) != nil)
                #expect((try? JSONValue(parsing: value.encoded)) == value)
            }
        }
    }

    @Test("members are found by key, the last one when the key repeats")
    func access() throws {
        let value = try JSONValue(parsing: Array(#"{"a":1,"b":[true,{"c":"x"}],"a":2}"#.utf8))
        #expect(value["a"]?.integer == 2)
        #expect(value["b"]?[1]?["c"]?.string == "x")
        #expect(value["b"]?[0]?.bool == true)
        #expect(value["b"]?[2] == nil)
        #expect(value["z"] == nil)
        #expect(value.members?.count == 3)
    }

    @Test("number text is never trapped on, whatever it holds", arguments: ["", "-", "abc", "1e", "..", "e5", "1-2"])
    func oddNumbers(_ text: String) {
        _ = JSONValue.number(text).integer
    }

    @Test("the writer puts commas where they belong")
    func writer() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a", "x\"\u{1}")
        writer.member("b", nil as Int64?)
        writer.key("c")
        writer.beginArray()
        writer.integer(-5)
        writer.bool(true)
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.member("d", raw: Array("[1]".utf8))
        writer.endObject()
        let expected = #"{"a":"x\"\u0001","b":null,"c":[-5,true,{}],"d":[1]}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }
}
