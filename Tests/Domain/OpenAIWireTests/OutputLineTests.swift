import OpenAIWire
import Testing

@Suite struct OutputLineTests {
    private let customID = Array(#""r\u0031 é""#.utf8)

    @Test("an answer goes in byte for byte, on one line")
    func answers() {
        var bytes: [UInt8] = []
        OutputLine.appendAnswer(
            id: "batch_req_1", customID: self.customID, status: 200, requestID: "req_1",
            body: Array("{\r\n  \"a\": 1.50\n}\n".utf8), to: &bytes)
        OutputLine.appendAnswer(
            id: "batch_req_2", customID: self.customID, status: 502, requestID: "req_2", body: Array("Bad\n".utf8),
            to: &bytes)
        let expected =
            #"{"id":"batch_req_1","custom_id":"r\u0031 é","response":{"status_code":200,"request_id":"req_1","#
            + #""body":{  "a": 1.50}},"error":null}"# + "\n"
            + #"{"id":"batch_req_2","custom_id":"r\u0031 é","response":{"status_code":502,"request_id":"req_2","#
            + #""body":{"error":{"message":"Bad\n","type":"server_error","param":null,"code":null}}},"error":null}"#
            + "\n"
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test("lines that never ran have no response", arguments: OutputLine.NeverExecuted.allCases)
    func neverExecuted(_ reason: OutputLine.NeverExecuted) throws {
        var bytes: [UInt8] = []
        OutputLine.appendNeverExecuted(id: "batch_req_3", customID: self.customID, reason: reason, to: &bytes)
        #expect(bytes.last == 0x0A && bytes.count { $0 == 0x0A } == 1)
        let line = try JSONValue(parsing: bytes)
        #expect(line["custom_id"]?.string == "r1 é")
        #expect(line["response"] == .null)
        #expect(line["error"]?["code"]?.string == reason.rawValue)
    }
}
