import OpenAIWire
import Testing

@Suite struct StreamFoldTests {
    private func fold(_ chunks: [String], _ endpoint: Endpoint = .chatCompletions) throws -> JSONValue {
        var fold = StreamFold(endpoint)
        for chunk in chunks { try fold.add(Array(chunk.utf8)) }
        return try JSONValue(parsing: fold.finish())
    }

    private func chunk(_ choices: String, rest: String = "") -> String {
        #"{"id":"c1","object":"chat.completion.chunk","created":5,"model":"m","choices":[\#(choices)]\#(rest)}"#
    }

    private func answer(_ choices: String, rest: String = "") throws -> JSONValue {
        let text = #"{"id":"c1","object":"chat.completion","created":5,"model":"m","choices":[\#(choices)]\#(rest)}"#
        return try JSONValue(parsing: Array(text.utf8))
    }

    @Test("text is joined, and head and usage come along in order")
    func text() throws {
        let result = try self.fold([
            self.chunk(
                #"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"#
                    + #""finish_reason":null}"#,
                rest: #","service_tier":"flex","system_fingerprint":null,"usage":null,"obfuscation":"xx""#),
            self.chunk(#"{"index":0,"delta":{"content":"Hal\u00"# + #"e9 \ud83d"},"finish_reason":null}"#),
            self.chunk(
                #"{"index":0,"delta":{"content":"\ude00\n\"é"}}"#,
                rest: #","system_fingerprint":"fp","x":[1],"obfuscation":"y""#),
            self.chunk(#"{"index":0,"delta":{},"finish_reason":"stop","stop_reason":7}"#),
            self.chunk("", rest: #","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"#),
            "[DONE]",
        ])
        let expected = try self.answer(
            #"{"index":0,"message":{"role":"assistant","content":"Halé 😀\n\"é","refusal":null},"#
                + #""logprobs":null,"finish_reason":"stop","stop_reason":7}"#,
            rest:
                #","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"service_tier":"flex","#
                + #""system_fingerprint":"fp","x":[1]"#
        )
        #expect(result == expected)
    }

    @Test("tool calls are joined by index")
    func toolCalls() throws {
        let result = try self.fold([
            self.chunk(
                #"{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"#
                    + #""id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}}"#
            ),
            self.chunk(#"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}}"#),
            self.chunk(
                #"{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"custom","#
                    + #""custom":{"name":"g","input":"a"}},{"index":0,"function":{"name":"f","arguments":":1}"}}]}}"#
            ),
            self.chunk(#"{"index":0,"delta":{"tool_calls":[{"index":1,"custom":{"input":"b"}}]}}"#),
            self.chunk(#"{"index":0,"delta":{},"finish_reason":"tool_calls"}"#),
        ])
        let expected = try self.answer(
            #"{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"#
                + #""tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},"#
                + #"{"id":"call_2","type":"custom","custom":{"name":"g","input":"ab"}}]},"logprobs":null,"#
                + #""finish_reason":"tool_calls"}"#
        )
        #expect(result == expected)
    }

    @Test("calls that share an index but not an id stay apart; calls without an index are told apart by id")
    func oddToolCalls() throws {
        let result = try self.fold([
            self.chunk(
                #"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}]}}"#),
            self.chunk(
                #"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"2"}}]}}"#),
            self.chunk(#"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"3"}}]}}"#),
            self.chunk(#"{"index":0,"delta":{"tool_calls":[{"id":"c","function":{"name":"h","arguments":"4"}}]}}"#),
            self.chunk(#"{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"5"}}]}}"#),
        ])
        let calls = try #require(result["choices"]?[0]?["message"]?["tool_calls"]?.array)
        #expect(calls.map { $0["id"]?.string } == ["a", "b", "c"])
        #expect(calls.map { $0["function"]?["arguments"]?.string } == ["1", "23", "45"])
    }

    @Test("reasoning, refusals, function calls, audio and unknown fields of the delta are kept")
    func otherDeltas() throws {
        let result = try self.fold([
            self.chunk(
                #"{"index":0,"delta":{"role":"assistant","reasoning_content":"Let ","refusal":"I ","odd":"a","#
                    + #""parts":[1],"score":1}}"#
            ),
            self.chunk(
                #"{"index":0,"delta":{"role":"assistant","reasoning_content":"me","refusal":"can't","odd":"b","#
                    + #""parts":[ 2, 3 ],"score":2}}"#
            ),
            self.chunk(
                #"{"index":0,"delta":{"function_call":{"name":"f","arguments":"{"},"audio":{"id":"au","#
                    + #""data":"QUJD"},"parts":[]}}"#
            ),
            self.chunk(
                #"{"index":0,"delta":{"function_call":{"arguments":"}"},"audio":{"data":"REVG","#
                    + #""transcript":"x"},"odd":null}}"#
            ),
            self.chunk(#"{"index":0,"delta":{"audio":{"expires_at":9,"transcript":"y"}}}"#),
        ])
        let expected = try self.answer(
            #"{"index":0,"message":{"role":"assistant","content":null,"refusal":"I can't","#
                + #""reasoning_content":"Let me","odd":"ab","parts":[1,2, 3],"score":2,"function_call":{"name":"f","#
                + #""arguments":"{}"},"audio":{"id":"au","data":"QUJDREVG","transcript":"xy","expires_at":9}},"#
                + #""logprobs":null,"finish_reason":null}"#
        )
        #expect(result == expected)
    }

    @Test("the progress of a prompt is the stream's alone; timings stay, the last ones")
    func progress() throws {
        let choice = #""choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]"#
        let result = try self.fold([
            #"{"choices":[],"prompt_progress":{"total":9,"cache":0,"processed":4}}"#,
            #"{\#(choice),"timings":{"predicted_n":1}}"#, #"{\#(choice),"timings":{"predicted_n":2}}"#,
        ])
        #expect(result["prompt_progress"] == nil)
        #expect(result["timings"]?["predicted_n"]?.integer == 2)
        #expect(result["choices"]?.array?.first?["message"]?["content"]?.string == "aa")
    }

    @Test("choices are told apart, sorted, and keep their log probabilities")
    func severalChoices() throws {
        let result = try self.fold([
            self.chunk(#"{"index":1,"delta":{"content":"b"},"logprobs":{"content":[{"token":"b"}],"refusal":null}}"#),
            self.chunk(#"{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}],"refusal":null}}"#),
            self.chunk(
                #"{"delta":{"content":"B"},"index":1,"logprobs":{"content":[{"token":"B"}]},"#
                    + #""finish_reason":"length"},{"index":0,"delta":{},"finish_reason":"stop"}"#
            ),
        ])
        let expected = try self.answer(
            #"{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"#
                + #""logprobs":{"content":[{"token":"a"}],"refusal":null},"finish_reason":"stop"},{"index":1,"#
                + #""message":{"role":"assistant","content":"bB","refusal":null},"#
                + #""logprobs":{"content":[{"token":"b"},{"token":"B"}],"refusal":null},"finish_reason":"length"}"#
        )
        #expect(result == expected)
    }

    @Test("legacy completions fold too")
    func legacy() throws {
        let result = try self.fold(
            [
                #"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"a","#
                    + #""index":0,"logprobs":{"tokens":["a"],"text_offset":[0]},"finish_reason":null}]}"#,
                #"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"b","#
                    + #""index":0,"logprobs":{"tokens":["b"],"text_offset":[1]},"finish_reason":"length"}],"#
                    + #""usage":{"prompt_tokens":1}}"#,
            ], .completions)
        let expected =
            #"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"ab","#
            + #""index":0,"logprobs":{"tokens":["a","b"],"text_offset":[0,1]},"finish_reason":"length"}],"#
            + #""usage":{"prompt_tokens":1}}"#
        #expect(result == (try JSONValue(parsing: Array(expected.utf8))))
    }

    @Test("content that comes in parts stays in parts")
    func parts() throws {
        let result = try self.fold([
            self.chunk(#"{"index":0,"delta":{"content":[{"type":"thinking","t":1}]}}"#),
            self.chunk(#"{"index":0,"delta":{"content":"yes"}}"#),
        ])
        let content = try #require(result["choices"]?[0]?["message"]?["content"])
        #expect(
            String(decoding: content.encoded, as: UTF8.self)
                == #"[{"type":"thinking","t":1},{"type":"text","text":"yes"}]"#)
    }

    @Test("incomplete streams and errors are seen")
    func states() throws {
        var fold = StreamFold(.chatCompletions)
        #expect(!fold.sawFinish && !fold.sawDone)
        try fold.add(
            Array(
                self.chunk(#"{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{},"finish_reason":"stop"}"#).utf8))
        #expect(!fold.sawFinish)
        try fold.add(Array(self.chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#).utf8))
        #expect(fold.sawFinish && !fold.sawDone)
        try fold.add(Array("[DONE]".utf8))
        #expect(fold.sawDone && fold.error == nil)
        try fold.add(Array(#"{"error":{"message":"late"}}"#.utf8))
        #expect(fold.error?.message == "late")
        #expect(throws: StreamFoldError.self) { try fold.add(Array("{".utf8)) }
        var small = StreamFold(.chatCompletions, payloadBytesMax: 10)
        #expect(throws: StreamFoldError.tooLarge(maximum: 10)) { try small.add(Array("{\"choices\":[]}".utf8)) }
    }

    @Test("a stream folds to the same answer in whatever cuts its bytes arrive")
    func cuts() throws {
        let chunks = [
            self.chunk(#"{"index":0,"delta":{"role":"assistant","content":"é😀"}}"#),
            self.chunk(#"{"index":0,"delta":{"content":"\"x"},"finish_reason":"stop"}"#), "[DONE]",
        ]
        var stream: [UInt8] = []
        for chunk in chunks { SSEParser.append(Array(chunk.utf8), to: &stream) }
        let expected = try self.fold(chunks)
        for cut in 0...stream.count {
            var parser = SSEParser()
            var fold = StreamFold(.chatCompletions)
            var failures = 0
            for piece in [stream[..<cut], stream[cut...]] {
                try parser.push(Array(piece)) { event in
                    do { try fold.add(event.payload) } catch { failures += 1 }
                }
            }
            #expect(failures == 0 && fold.sawDone)
            #expect(try JSONValue(parsing: fold.finish()) == expected)
        }
    }

    @Test("random text in random pieces comes out whole", arguments: 0..<100 as Range<UInt64>)
    func randomText(_ seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        let pieces = (0..<10).map { _ in random.text() }
        let chunks = pieces.map { piece in
            self.chunk(
                #"{"index":0,"delta":{"content":\#(String(decoding: JSONWriter.quoted(piece), as: UTF8.self))}}"#)
        }
        let content = try self.fold(chunks)["choices"]?[0]?["message"]?["content"]?.string
        #expect(content == pieces.joined())
    }
}

@Suite struct StreamFoldBoundsTests {
    private func fold(_ choices: String) throws {
        var fold = StreamFold(.chatCompletions)
        try fold.add(Array(#"{"choices":[\#(choices)]}"#.utf8))
    }

    @Test("choices, calls and members are bounded, and the bounds are reached first")
    func bounds() throws {
        let many = { (count: Int, text: (Int) -> String) in (0..<count).map(text).joined(separator: ",") }
        let calls = { (count: Int) in
            #"{"index":0,"delta":{"tool_calls":[\#(many(count) { #"{"index":\#($0)}"# })]}}"#
        }
        let members = { (count: Int) in #"{"index":0,"delta":{\#(many(count) { #""k\#($0)":"v""# })}}"# }
        try self.fold(many(2000) { #"{"index":\#($0)}"# })
        try self.fold(calls(1000))
        try self.fold(members(1024))
        #expect(throws: StreamFoldError.self) { try self.fold(many(16_385) { _ in "{}" }) }
        #expect(throws: StreamFoldError.self) { try self.fold(calls(4097)) }
        #expect(throws: StreamFoldError.self) { try self.fold(members(1025)) }
    }
}
