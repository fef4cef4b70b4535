import OpenAIWire
import Testing

@Suite struct RequestEditTests {
    private func edited(_ body: String, _ change: (inout RequestEdit) -> Void) throws -> String {
        let bytes = Array(body.utf8)
        var edit = RequestEdit(try RequestFacts.scan(bytes, .chatCompletions))
        change(&edit)
        return String(decoding: edit.apply(to: bytes), as: UTF8.self)
    }

    @Test("only what a rule needs is changed")
    func minimal() throws {
        let body = "{ \"model\" : \"a\" ,\n \"messages\":[ 1 ],\"x\":  1.50 , \"service_tier\":\"flex\" }"
        let result = try self.edited(body) {
            $0.replaceModel(with: "b\"c")
            $0.removeServiceTier()
            $0.setStream(true)
            $0.setIncludeUsage()
        }
        let expected =
            "{ \"model\" : \"b\\\"c\" ,\n \"messages\":[ 1 ],\"x\":  1.50  ,\"stream\":true,"
            + "\"stream_options\":{\"include_usage\":true}}"
        #expect(result == expected)
    }

    @Test("nothing to do leaves the bytes alone")
    func nothing() throws {
        let body = #"{"model":"a","messages":[1],"stream":true,"stream_options":{"include_usage":true}}"#
        let result = try self.edited(body) {
            $0.replaceModel(with: "a")
            $0.setStream(true)
            $0.setIncludeUsage()
            $0.removeServiceTier()
        }
        #expect(result == body)
    }

    static let streamOptions: [(String, String)] = [
        (#"{}"#, #"{"include_usage":true}"#), (#"{ }"#, #"{ "include_usage":true}"#),
        (#"{"include_obfuscation":false}"#, #"{"include_obfuscation":false,"include_usage":true}"#),
        (#"{"include_usage":false}"#, #"{"include_usage":true}"#),
        (#"{"include_usage":null}"#, #"{"include_usage":true}"#),
        ("null", #"{"include_usage":true}"#),
    ]

    @Test("include_usage is put into whatever stream_options there are", arguments: streamOptions)
    func includeUsage(_ before: String, _ after: String) throws {
        let result = try self.edited(#"{"model":"a","stream_options":\#(before),"messages":[1]}"#) {
            $0.setIncludeUsage()
        }
        #expect(result == #"{"model":"a","stream_options":\#(after),"messages":[1]}"#)
    }

    @Test(
        "any set of removals and insertions leaves valid JSON with the other members",
        arguments: 0..<400 as Range<UInt64>)
    func fuzz(_ seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        let space = ["", " ", "\n\t"]
        var members: [(String, String)] = []
        for index in 0..<random.below(seed < 300 ? 6 : 150) { members.append(("k\(index)", "\(index)")) }
        let text = members.map { member in
            "\(space[random.below(3)])\"\(member.0)\"\(space[random.below(3)]):\(member.1)\(space[random.below(3)])"
        }
        let bytes = Array(("{" + text.joined(separator: ",") + space[random.below(3)] + "}").utf8)
        var edit = BodyEdit()
        var found: [JSONMember] = []
        var layout = JSONObjectLayout(open: 0, close: bytes.count - 1, memberCount: members.count)
        try bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer)
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                found.append(JSONMember(key: key.range, value: try scanner.value()))
            }
            layout = JSONObjectLayout(open: 0, close: scanner.offset - 1, memberCount: found.count)
        }
        var expected: [JSONValue.Member] = []
        for (index, member) in found.enumerated() {
            switch random.below(3) {
            case 0: edit.removeMember(member, of: layout)
            case 1:
                edit.replace(member.value.range, with: Array("[]".utf8))
                expected.append(.init(members[index].0, .array([])))
            default: expected.append(.init(members[index].0, .number(members[index].1)))
            }
        }
        for index in 0..<random.below(3) {
            edit.insertMember("e\(index)", Array("true".utf8), in: layout)
            expected.append(.init("e\(index)", .bool(true)))
        }
        for index in 0..<random.below(3) {
            edit.insertMember("s\(index)", Array("null".utf8), in: layout, atStart: true)
            expected.insert(.init("s\(index)", .null), at: 0)
        }
        #expect(try JSONValue(parsing: edit.apply(to: bytes)) == .object(expected))
    }
}
