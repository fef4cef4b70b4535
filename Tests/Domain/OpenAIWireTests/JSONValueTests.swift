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

    @Test("a view reads what the tree has", arguments: 0..<100 as Range<UInt64>)
    func views(_ seed: UInt64) throws {
        var random = RandomJSON(seed: seed &+ 5000)
        let tree = JSONValue.object([
            .init("m\u{E9}", random.tree()), .init("a", random.tree()), .init("a", random.tree()),
        ])
        try tree.encoded.withUnsafeBytes { text in
            let view = try JSONView(parsing: text)
            #expect(Self.tree(view["m\u{E9}"]) == tree["m\u{E9}"])
            #expect(Self.tree(view["a"]) == tree["a"])
            #expect(view["z"] == nil && view["a"]?["z"]?["y"] == nil)
            #expect(view.pairs.map(\.key) == ["m\u{E9}", "a", "a"])
        }
        for text in ["", "{", "{} x", "[1,]"] {
            #expect(throws: JSONError.self) { try Array(text.utf8).withUnsafeBytes { _ = try JSONView(parsing: $0) } }
        }
    }

    /// The tree that a view shows, by every way of looking at it.
    private static func tree(_ view: JSONView?) -> JSONValue? {
        guard let view else { return nil }
        if let text = view.string { return .string(text) }
        let members = view.pairs.compactMap { pair in Self.tree(pair.value).map { JSONValue.Member(pair.key, $0) } }
        if view.kind == .object { return .object(members) }
        let value = try? JSONValue(parsing: view.bytes)
        #expect(value?.kind == view.kind && value?.integer == view.integer)
        return value
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
