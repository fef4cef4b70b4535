import Batching
import Testing

@Suite("Idempotency keys") struct IdempotencyRuleTests {
    @Test("the same request with a stored answer is not refused") func replay() throws {
        try IdempotencyRule.checkRepeated(isSameRequest: true, isAnswered: true)
    }

    @Test("another request with the key is an error, also while the first runs", arguments: [true, false])
    func mismatch(_ isAnswered: Bool) {
        #expect(throws: IdempotencyRule.Refusal.mismatch) {
            try IdempotencyRule.checkRepeated(isSameRequest: false, isAnswered: isAnswered)
        }
        #expect(IdempotencyRule.Refusal.mismatch.status == 400)
        #expect(IdempotencyRule.Refusal.mismatch.type == "idempotency_error")
    }

    @Test("while the first request runs a second one is a conflict") func inFlight() {
        #expect(throws: IdempotencyRule.Refusal.inFlight) {
            try IdempotencyRule.checkRepeated(isSameRequest: true, isAnswered: false)
        }
        #expect(IdempotencyRule.Refusal.inFlight.status == 409)
    }

    @Test(
        "keys have 1 to 255 printable characters",
        arguments: [
            ("a", true), ("", false), (String(repeating: "k", count: 255), true),
            (String(repeating: "k", count: 256), false), ("a\nb", false), ("é", false), ("a b-c_d:1", true),
        ])
    func keys(_ key: String, _ isGood: Bool) {
        #expect(((try? IdempotencyRule.check(key: key)) != nil) == isGood)
    }

    @Test(
        "answers of requests that ran are kept",
        arguments: [(200, true), (201, true), (500, true), (503, true), (400, false), (401, false), (429, false)])
    func kept(_ status: Int, _ isKept: Bool) { #expect(IdempotencyRule.keepsAnswer(status: status) == isKept) }
}
