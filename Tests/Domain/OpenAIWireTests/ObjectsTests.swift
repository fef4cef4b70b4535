import OpenAIWire
import Quantities
import Testing

@Suite struct ObjectsTests {
    private func text(_ object: some WireObject) -> String { String(decoding: object.encoded, as: UTF8.self) }

    @Test("a file is written with all its members")
    func file() {
        var file = FileObject(
            id: "file-1", bytes: 5, createdAt: 10, expiresAt: 20, filename: "i\"n.jsonl", purpose: "batch")
        #expect(
            self.text(file) == #"{"id":"file-1","object":"file","bytes":5,"created_at":10,"expires_at":20,"#
                + #""filename":"i\"n.jsonl","purpose":"batch","status":"processed","status_details":null}"#)
        file.expiresAt = nil
        #expect(self.text(file).contains(#""expires_at":null"#))
    }

    @Test("an upload holds its file when it is complete")
    func upload() throws {
        var upload = UploadObject(
            id: "upload_1", bytes: 5, createdAt: 1, expiresAt: 3601, filename: "a", purpose: "batch", status: "pending")
        #expect(
            self.text(upload) == #"{"id":"upload_1","object":"upload","bytes":5,"created_at":1,"filename":"a","#
                + #""purpose":"batch","status":"pending","expires_at":3601,"file":null}"#)
        upload.file = FileObject(
            id: "file-1", bytes: 5, createdAt: 2, expiresAt: nil, filename: "a", purpose: "batch")
        #expect(try JSONValue(parsing: upload.encoded)["file"]?["id"]?.string == "file-1")
        let part = UploadPartObject(id: "part_1", createdAt: 2, uploadID: "upload_1")
        #expect(
            self.text(part) == #"{"id":"part_1","object":"upload.part","created_at":2,"upload_id":"upload_1"}"#)
    }

    @Test("models, pages and deletions have OpenAI's shape")
    func lists() {
        let model = ModelObject(id: "org/m:1", created: 3, ownedBy: "ebb")
        let one = #"{"id":"org/m:1","object":"model","created":3,"owned_by":"ebb","shutdown_date":null}"#
        #expect(self.text(model) == one)
        #expect(
            String(decoding: ModelObject.list([model, model]), as: UTF8.self)
                == #"{"object":"list","data":[\#(one),\#(one)]}"#)
        let page = ListPage(data: [model], firstID: "a", lastID: "a", hasMore: true)
        #expect(
            self.text(page) == #"{"object":"list","data":[\#(one)],"first_id":"a","last_id":"a","has_more":true}"#)
        let empty = ListPage<ModelObject>(data: [], firstID: nil, lastID: nil, hasMore: false)
        #expect(self.text(empty) == #"{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}"#)
        let deleted = DeletedObject(id: "file-1", object: "file")
        #expect(self.text(deleted) == #"{"id":"file-1","object":"file","deleted":true}"#)
    }

    @Test("a finished batch equals the worked example of the reference")
    func batch() throws {
        var batch = BatchObject(
            id: "batch_abc", endpoint: "/v1/chat/completions", completionWindow: "24h", inputFileID: "file-abc",
            status: "completed", at: .init(created: 1_769_990_000, expires: 1_770_076_400))
        batch.at.inProgress = 1_769_990_003
        batch.at.finalizing = 1_769_990_131
        batch.at.completed = 1_769_990_133
        batch.model = "m-2026-01-01"
        batch.outputFileID = "file-out"
        batch.errorFileID = "file-err"
        batch.counts = .init(total: 10, completed: 9, failed: 1)
        batch.usage = TokenUsage(input: 900, output: 450)
        batch.metadata = Metadata([.init("team", "search")])
        let expected = #"""
            {"id":"batch_abc","object":"batch","endpoint":"/v1/chat/completions","model":"m-2026-01-01","errors":null,
             "input_file_id":"file-abc","completion_window":"24h","status":"completed",
             "output_file_id":"file-out","error_file_id":"file-err",
             "created_at":1769990000,"in_progress_at":1769990003,"expires_at":1770076400,
             "finalizing_at":1769990131,"completed_at":1769990133,
             "failed_at":null,"expired_at":null,"cancelling_at":null,"cancelled_at":null,
             "request_counts":{"total":10,"completed":9,"failed":1},
             "usage":{"input_tokens":900,"input_tokens_details":{"cached_tokens":0},"output_tokens":450,
               "output_tokens_details":{"reasoning_tokens":0},"total_tokens":1350},
             "metadata":{"team":"search"}}
            """#
        #expect(try JSONValue(parsing: batch.encoded) == JSONValue(parsing: Array(expected.utf8)))
        batch.waitsFor = "project_spend_limit"
        let waiting = try JSONValue(parsing: batch.encoded)
        #expect(waiting["ebb"]?["waiting_for"]?.string == "project_spend_limit")
        #expect(waiting["ebb"]?["waiting_until"] == nil)
        batch.waitsUntil = 1_769_990_400
        #expect(try JSONValue(parsing: batch.encoded)["ebb"]?["waiting_until"]?.integer == 1_769_990_400)
        #expect(waiting["metadata"]?.members?.count == 1, "metadata is the user's")
        (batch.waitsFor, batch.waitsUntil) = (nil, nil)
        batch.promptTokens = PromptTokens(computed: 70, cached: 30, least: 60)
        #expect(
            try JSONValue(parsing: batch.encoded)["ebb"]
                == JSONValue(parsing: Array(#"{"prompt_tokens":{"computed":70,"cached":30,"least":60}}"#.utf8)))
        batch.promptTokens = nil
        for (load, told) in [(0.0, nil), (1.0, nil), (1.0001, "1.01"), (1.3, "1.3"), (100, "100.0")] {
            batch.deadlineLoad = load
            let ebb = try JSONValue(parsing: batch.encoded)["ebb"]
            #expect(ebb == told.map { .object([.init("deadline_load", .number($0)), .init("at_risk", .bool(true))]) })
        }
    }

    @Test("a failed batch lists its errors")
    func failedBatch() throws {
        var batch = BatchObject(
            id: "b", endpoint: "e", completionWindow: "24h", inputFileID: "f", status: "failed",
            at: .init(created: 1, expires: nil))
        batch.errors = [
            .init(
                code: "missing_required_parameter", message: "Missing required parameter: 'url'.", param: "url", line: 3
            ),
            .init(code: "empty_file", message: "The input file contains no requests.", param: "input_file_id"),
        ]
        let errors = try #require(try JSONValue(parsing: batch.encoded)["errors"])
        #expect(errors["object"]?.string == "list")
        #expect(
            String(decoding: try #require(errors["data"]?[0]).encoded, as: UTF8.self)
                == #"{"code":"missing_required_parameter","message":"Missing required parameter: 'url'.","#
                + #""param":"url","line":3}"#)
        #expect(errors["data"]?[1]?["line"] == .null)
    }
}
