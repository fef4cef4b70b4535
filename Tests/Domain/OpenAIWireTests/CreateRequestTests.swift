import OpenAIWire
import Testing

@Suite struct CreateRequestTests {
    private func batch(_ text: String) throws(RequestError) -> BatchCreateRequest {
        try BatchCreateRequest.parse(
            Array(text.utf8), endpoints: ["/v1/chat/completions", "/v1/embeddings"], windows: ["24h", "2h"])
    }

    @Test("a good batch request is read")
    func good() throws {
        let request = try self.batch(
            #"{"input_file_id":"file-abc","endpoint":"/v1/chat/completions","completion_window":"2h","#
                + #""metadata":{"team":"search","a":"b"},"output_expires_after":{"anchor":"created_at","#
                + #""seconds":604800}}"#
        )
        #expect(request.inputFileID == "file-abc" && request.completionWindow == "2h")
        #expect(request.metadata?.pairs.map(\.key) == ["team", "a"])
        #expect(request.outputExpiresAfter?.seconds == 604_800)
        let bare = try self.batch(
            #"{"input_file_id":"f","endpoint":"/v1/embeddings","completion_window":"24h","metadata":null}"#)
        #expect(bare.metadata == nil && bare.outputExpiresAfter == nil)
    }

    static let start = #""input_file_id":"f","endpoint":"/v1/embeddings","completion_window":"24h""#
    static let refused: [(String, String?, String?)] = [
        ("{", nil, nil), ("[]", nil, nil), ("{}", "missing_required_parameter", "input_file_id"),
        (#"{"input_file_id":5}"#, "invalid_type", "input_file_id"),
        (#"{"input_file_id":"f"}"#, "missing_required_parameter", "endpoint"),
        (#"{"input_file_id":"f","endpoint":"/v1/foo"}"#, "invalid_value", "endpoint"),
        (#"{"input_file_id":"f","endpoint":"/v1/embeddings"}"#, "missing_required_parameter", "completion_window"),
        (
            #"{"input_file_id":"f","endpoint":"/v1/embeddings","completion_window":"1h"}"#, "invalid_value",
            "completion_window"
        ),
        ("{\(start),\"metadata\":[]}", "invalid_type", "metadata"),
        ("{\(start),\"metadata\":{\"tags\":[]}}", "invalid_type", "metadata.tags"),
        ("{\(start),\"metadata\":{\"\(String(repeating: "k", count: 65))\":\"\"}}", "string_above_max_length", nil),
        (
            "{\(start),\"metadata\":{\"a\":\"\(String(repeating: "é", count: 513))\"}}", "string_above_max_length",
            "metadata.a"
        ),
        (
            "{\(start),\"metadata\":{\((0..<17).map { "\"k\($0)\":\"\"" }.joined(separator: ","))}}",
            "object_above_max_properties", "metadata"
        ),
        ("{\(start),\"output_expires_after\":5}", "invalid_type", "output_expires_after"),
        ("{\(start),\"output_expires_after\":{}}", "missing_required_parameter", "output_expires_after.anchor"),
        (
            "{\(start),\"output_expires_after\":{\"anchor\":\"x\",\"seconds\":3600}}", "invalid_value",
            "output_expires_after.anchor"
        ),
        (
            "{\(start),\"output_expires_after\":{\"anchor\":\"created_at\",\"seconds\":3599}}",
            "integer_below_min_value", "output_expires_after.seconds"
        ),
        (
            "{\(start),\"output_expires_after\":{\"anchor\":\"created_at\",\"seconds\":2592001}}",
            "integer_above_max_value", "output_expires_after.seconds"
        ),
    ]

    @Test("a bad batch request is refused as OpenAI refuses it", arguments: refused)
    func refuses(_ text: String, _ code: String?, _ param: String?) {
        let error = #expect(throws: RequestError.self) { try self.batch(text) }
        #expect(error?.body.status == 400)
        #expect(error?.body.code == code)
        if let param { #expect(error?.body.param == param) }
    }

    @Test("metadata at its limits is accepted")
    func metadataLimits() throws {
        let pairs = (0..<16).map { index in
            let key = String(repeating: "é", count: 62) + "\(index + 10)"
            return "\"\(key)\":\"\(String(repeating: "v", count: 512))\""
        }
        let text = "{\(Self.start),\"metadata\":{\(pairs.joined(separator: ","))}}"
        #expect(try self.batch(text).metadata?.pairs.count == 16)
    }

    @Test("uploads are read and refused")
    func uploads() throws {
        let good = #"{"filename":"a","purpose":"batch","bytes":5,"mime_type":"x/y"}"#
        let request = try UploadCreateRequest.parse(Array(good.utf8), purposes: ["batch"])
        #expect(request.bytes == 5 && request.mimeType == "x/y" && request.expiresAfter == nil)
        let bad: [(String, String, String)] = [
            (#"{"filename":"a","purpose":"evals"}"#, "invalid_value", "purpose"),
            (#"{"filename":"a","purpose":"batch"}"#, "missing_required_parameter", "bytes"),
            (#"{"filename":"a","purpose":"batch","bytes":"5"}"#, "invalid_type", "bytes"),
            (#"{"filename":"a","purpose":"batch","bytes":0}"#, "integer_below_min_value", "bytes"),
            (#"{"filename":"a","purpose":"batch","bytes":8589934593}"#, "integer_above_max_value", "bytes"),
            (#"{"filename":"a","purpose":"batch","bytes":1}"#, "missing_required_parameter", "mime_type"),
        ]
        for (text, code, param) in bad {
            let error = #expect(throws: RequestError.self) {
                try UploadCreateRequest.parse(Array(text.utf8), purposes: ["batch"])
            }
            #expect(error?.body.code == code)
            #expect(error?.body.param == param)
        }
    }

    @Test("completions name their parts in order")
    func complete() throws {
        let good = try UploadCompleteRequest.parse(Array(#"{"part_ids":["b","a"],"md5":"0f"}"#.utf8))
        #expect(good.partIDs == ["b", "a"] && good.md5 == "0f")
        for text in [
            "{}", #"{"part_ids":[]}"#, #"{"part_ids":"a"}"#, #"{"part_ids":["a",5]}"#, #"{"part_ids":["a"],"md5":5}"#,
        ] {
            #expect(throws: RequestError.self) { try UploadCompleteRequest.parse(Array(text.utf8)) }
        }
    }
}
