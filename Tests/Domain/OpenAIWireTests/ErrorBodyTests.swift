import OpenAIWire
import Quantities
import Testing

@Suite struct ErrorBodyTests {
    static let engineBodies: [(String, Int, ErrorBody)] = [
        (
            #"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#, 400,
            ErrorBody(status: 400, message: "m", type: "t", param: "p", code: "c")
        ),
        (
            #"{"object":"error","message":"m","type":"NotFoundError","param":null,"code":404}"#, 404,
            ErrorBody(status: 404, message: "m")
        ),
        (
            #"{"error":{"message":"m","type":"InternalServerError","param":"p","code":"500"}}"#, 500,
            ErrorBody(status: 500, message: "m", type: "server_error", param: "p")
        ),
        (
            #"{"error":{"message":"m","type":"insufficient_quota","code":429}}"#, 429,
            ErrorBody(status: 429, message: "m", type: "insufficient_quota")
        ),
        (#"{"error":"boom"}"#, 500, ErrorBody(status: 500, message: "boom", type: "server_error")),
        (#"{"detail":"Not Found"}"#, 404, ErrorBody(status: 404, message: "Not Found")),
        (
            #"{"detail":[{"loc":["body","messages",0,"role"],"msg":"field required","type":"x"}]}"#, 422,
            ErrorBody(status: 422, message: "field required", param: "messages.0.role")
        ),
        ("Bad Gateway", 502, ErrorBody(status: 502, message: "Bad Gateway", type: "server_error")),
        (
            "", 429,
            ErrorBody(
                status: 429, message: "The engine answered with status 429 and no message.", type: "rate_limit_error")
        ),
        (
            #"{"error":{"code":null}}"#, 503,
            ErrorBody(status: 503, message: #"{"code":null}"#, type: "service_unavailable_error")
        ),
        ("[1]", 400, ErrorBody(status: 400, message: "[1]")),
    ]

    @Test("engine errors of any shape become an error object", arguments: engineBodies)
    func parses(_ text: String, _ status: Int, _ expected: ErrorBody) {
        #expect(ErrorBody(parsing: Array(text.utf8), status: status) == expected)
    }

    /// Engines, by what each says of a prompt that is too long.
    static let tooLong: [(String, Int?, String)] = [
        (
            #"{"error":{"code":400,"message":"request (6028 tokens) exceeds the available context size (4096 tokens), "#
                + #"try increasing it","type":"exceed_context_size_error","n_prompt_tokens":6028,"n_ctx":4096}}"#,
            400, "request (6028 tokens) exceeds the available context size (4096 tokens), try increasing it"
        ),
        (#"{"error":{"code":500,"message":"x","type":"exceed_context_size_error"}}"#, 500, "x"),
        (
            #"{"object":"error","message":"This model's maximum context length is 8 tokens.","#
                + #""type":"BadRequestError","param":null,"code":400}"#,
            400, "This model's maximum context length is 8 tokens."
        ),
        (
            #"{"error":{"message":"The decoder prompt (length 9) is longer than the maximum model length of 8.","#
                + #""type":"BadRequestError","param":null,"code":400}}"#,
            nil, "The decoder prompt (length 9) is longer than the maximum model length of 8."
        ),
        (
            #"{"object":"error","message":"The input (9 tokens) is longer than the model's context length (8 tokens).","#
                + #""type":"Bad Request","param":null,"code":"400"}"#,
            400, "The input (9 tokens) is longer than the model's context length (8 tokens)."
        ),
        (
            #"{"error":{"message":"This model's maximum context length is 8 tokens.","type":"invalid_request_error","#
                + #""param":null,"code":"invalid_request_error"}}"#,
            400, "This model's maximum context length is 8 tokens."
        ),
        (
            #"{"object":"error","message":"Prompt too large for model with 8 maximum context length","#
                + #""type":"invalid_request_error","code":"3051"}"#,
            422, "Prompt too large for model with 8 maximum context length"
        ),
        (
            #"{"error":"the input length exceeds the context length"}"#, nil,
            "the input length exceeds the context length"
        ),
    ]

    @Test("a prompt that is too long is told in OpenAI's words, in the engine's sentence", arguments: tooLong)
    func contextLength(_ text: String, _ status: Int?, _ message: String) {
        let body = ErrorBody(parsing: Array(text.utf8), status: status)
        let expected = ErrorBody(status: status ?? 400, message: message, code: "context_length_exceeded")
        #expect(body == expected)
        #expect(ErrorBody(parsing: body.encoded, status: body.status) == expected, "it stays as it is")
    }

    static let others: [(String, Int)] = [
        (#"{"error":{"message":"the maximum context length","type":"server_error","code":500}}"#, 500),
        (#"{"error":{"message":"the maximum context length","type":"t","code":"string_above_max_length"}}"#, 400),
        (#"{"error":{"message":"too many requests","type":"BadRequestError","code":400}}"#, 400),
    ]

    @Test("other errors are not taken for it", arguments: others)
    func notContextLength(_ text: String, _ status: Int) {
        #expect(ErrorBody(parsing: Array(text.utf8), status: status).code != "context_length_exceeded")
    }

    @Test(
        "an error under HTTP 200 has the status that its code names, else 500",
        arguments: [
            (#"{"error":{"message":"m","code":404}}"#, 404), (#"{"error":{"message":"m","code":"429"}}"#, 429),
            (#"{"error":{"message":"m","code":3051}}"#, 500), (#"{"error":{"message":"m","code":"busy"}}"#, 500),
            (#"{"error":"m"}"#, 500), (#"{"message":"m","code":503}"#, 503),
        ])
    func under200(_ text: String, _ status: Int) {
        #expect(ErrorBody(parsing: Array(text.utf8), status: nil).status == status)
    }

    @Test("a long plain text is cut, and invalid UTF-8 is repaired")
    func plainText() {
        let long = ErrorBody(parsing: [UInt8](repeating: 0x61, count: 100_000), status: 500)
        #expect(long.message.count == ErrorBody.plainTextMax)
        #expect(ErrorBody(parsing: [0xFF, 0x41], status: 500).message == "\u{FFFD}A")
    }

    static let refusals: [(ErrorBody, Int, String, String?, String?)] = [
        (.missingKey, 401, "invalid_request_error", nil, nil),
        (.invalidAPIKey("sk-…abcd"), 401, "invalid_request_error", nil, "invalid_api_key"),
        (.missingParameter("messages"), 400, "invalid_request_error", "messages", "missing_required_parameter"),
        (.unknownModel("m"), 404, "invalid_request_error", nil, "model_not_found"),
        (.invalidServiceTier, 400, "invalid_request_error", "service_tier", nil),
        (.noSuchFile("file-1"), 404, "invalid_request_error", "id", nil),
        (.noBatch("batch_1"), 404, "invalid_request_error", nil, nil),
        (.cannotCancel(status: "completed"), 409, "invalid_request_error", nil, nil),
        (.unknownURL(method: "POST", path: "/v1/foo"), 404, "invalid_request_error", nil, nil),
        (.quota(.projectSpend), 429, "insufficient_quota", nil, "project_spend_limit_exceeded"),
        (
            .projectSpendLimit(bound: Money(dollars: 2), left: .zero), 429, "insufficient_quota", nil,
            "project_spend_limit_exceeded"
        ),
        (.serverError, 500, "server_error", nil, nil),
        (.overloaded, 503, "service_unavailable_error", nil, "server_is_overloaded"),
        (.resourceUnavailable, 429, "rate_limit_error", nil, "resource_unavailable"),
    ]

    @Test("refusals have OpenAI's status, type, param and code", arguments: refusals)
    func refuses(_ row: (ErrorBody, Int, String, String?, String?)) throws {
        #expect(row.0.status == row.1 && row.0.type == row.2 && row.0.param == row.3 && row.0.code == row.4)
        let error = try #require(try JSONValue(parsing: row.0.encoded)["error"])
        #expect(error.members?.map(\.key) == ["message", "type", "param", "code"])
        #expect(ErrorBody(parsing: row.0.encoded, status: row.1) == row.0)
    }

    @Test("supported values are listed as OpenAI lists them")
    func values() {
        let body = ErrorBody.invalidValue("endpoint", got: "/v1/foo", supported: ["a", "b", "c"])
        #expect(body.message == "Invalid value: '/v1/foo'. Supported values are: 'a', 'b', and 'c'.")
        let one = ErrorBody.invalidValue("completion_window", got: "1h", supported: ["24h"])
        #expect(one.message == "Invalid value: '1h'. Supported value is: '24h'.")
    }
}
