import OpenAIWire
import Testing

@Suite struct ErrorBodyTests {
    static let engineBodies: [(String, Int, ErrorBody)] = [
        (
            #"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#, 400,
            ErrorBody(status: 400, message: "m", type: "t", param: "p", code: "c")
        ),
        (
            #"{"error":{"code":400,"message":"m","type":"exceed_context_size_error","n_ctx":5}}"#, 400,
            ErrorBody(status: 400, message: "m", type: "exceed_context_size_error", code: "400")
        ),
        (
            #"{"object":"error","message":"m","type":"BadRequestError","param":null,"code":404}"#, 404,
            ErrorBody(status: 404, message: "m", type: "BadRequestError", code: "404")
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
        (.serverError, 500, "server_error", nil, nil),
        (.overloaded, 503, "service_unavailable_error", nil, "server_is_overloaded"),
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
