import OpenAIWire
import Testing

@Suite struct PromptPrefixTests {
    private func chain(_ text: String, blocksMax: Int = PromptPrefix.blocksMax) throws -> [UInt64] {
        try PromptPrefix.chain(Array(text.utf8), blocksMax: blocksMax)
    }

    private func body(_ prompt: String, model: String = "m") -> String {
        #"{"model":"\#(model)","messages":[{"role":"user","content":"\#(prompt)"}]}"#
    }

    @Test("white space, member order and other parameters do not count")
    func canonical() throws {
        let spaced = #"{ "temperature":1,"messages" : [ {"role": "user" ,"content":"a b\" c"} ], "model":"m" }"#
        #expect(try self.chain(spaced) == self.chain(self.body(#"a b\" c"#)))
        #expect(try self.chain(self.body("a b")) != self.chain(self.body("ab")))
    }

    @Test("prompts share as many hashes as whole blocks")
    func prefixes() throws {
        let common = String(repeating: "system text ", count: 100)
        let a = try self.chain(self.body(common + "one" + String(repeating: "x", count: 600)))
        let b = try self.chain(self.body(common + "two" + String(repeating: "x", count: 600)))
        let shared = zip(a, b).prefix { $0 == $1 }.count
        // `"m"`, three separators and the message's own frame come before the text.
        let before = #""m""#.utf8.count + 3 + #"[{"role":"user","content":""#.utf8.count + common.utf8.count
        #expect(shared == before / PromptPrefix.blockBytes)
        #expect(a.count == b.count && zip(a, b).dropFirst(shared).allSatisfy { $0 != $1 })
        #expect(try self.chain(self.body(common)).first != self.chain(self.body(common, model: "n")).first)
    }

    @Test("a beginning of a sentence or two is at least one block") func short() throws {
        let common = "Say in a word whether the review is kind, unkind or neither. No reasons, no punctuation, please."
        let shared = try zip(self.chain(self.body(common + " first")), self.chain(self.body(common + " second")))
            .prefix { $0 == $1 }.count
        #expect(shared == 1)
    }

    @Test("the number of blocks is known from a request's facts") func blockCount() throws {
        for length in [0, 40, 90, 127, 128, 500, 5_000] {
            let body = Array(self.body(String(repeating: "x", count: length)).utf8)
            let count = PromptPrefix.blockCount(try RequestFacts.scan(body, .chatCompletions))
            #expect(try PromptPrefix.chain(body).count == count, "\(length)")
        }
        let long = Array(self.body(String(repeating: "x", count: 2_000_000)).utf8)
        #expect(PromptPrefix.blockCount(try RequestFacts.scan(long, .chatCompletions)) == PromptPrefix.blocksMax)
    }

    @Test("a sort of chains brings equal beginnings together")
    func sorting() throws {
        let systems = (0..<4).map { String(repeating: "s\($0) ", count: 200) }
        var random = RandomJSON(seed: 5)
        var rows = try (0..<80).map { index in
            (index % 4, try self.chain(self.body(systems[index % 4] + "\(random.below(1000))")))
        }
        rows.sort { $0.1.lexicographicallyPrecedes($1.1) }
        let changes = zip(rows, rows.dropFirst()).count { $0.0 != $1.0 }
        #expect(changes == 3)
    }

    @Test("the chain is bounded")
    func bounded() throws {
        let long = self.body(String(repeating: "x", count: 10_000))
        #expect(try self.chain(long, blocksMax: 3) == Array(self.chain(long).prefix(3)))
        #expect(try self.chain(long).count == 10_000 / PromptPrefix.blockBytes + 1)
        #expect(throws: JSONError.self) { try self.chain("{") }
    }
}
