import Batching
import Quantities
import Testing

private let created = Instant(seconds: 1_770_000_000)

private func after(_ seconds: Int64) -> Instant { created.advanced(by: .seconds(seconds)) }

@Suite("Idempotency keys") struct IdempotencyRuleTests {
    private let rule = IdempotencyRule(epoch: 5)

    private func record(_ state: IdempotencyRecord.State) -> IdempotencyRecord {
        IdempotencyRecord(created: created, fingerprint: [1, 2], state: state)
    }

    @Test("a new key runs") func newKey() {
        #expect(rule.decide(nil, fingerprint: [1, 2], now: created) == .run)
    }

    @Test("the same request gets the stored answer for 24 hours") func replay() {
        let record = record(.finished(status: 200))
        #expect(rule.decide(record, fingerprint: [1, 2], now: after(86_399)) == .replay(status: 200))
        #expect(rule.decide(record, fingerprint: [1, 2], now: after(86_400)) == .run)
        #expect(!rule.canForget(record, now: after(86_399)) && rule.canForget(record, now: after(86_400)))
    }

    @Test("another request with the key is an error, also while the first runs") func mismatch() {
        for state in [IdempotencyRecord.State.finished(status: 200), .inFlight(epoch: 5), .inFlight(epoch: 4)] {
            #expect(rule.decide(record(state), fingerprint: [9], now: after(1)) == .refuse(.mismatch))
        }
        #expect(IdempotencyRule.Refusal.mismatch.status == 400)
        #expect(IdempotencyRule.Refusal.mismatch.type == "idempotency_error")
    }

    @Test("while the first request runs a second one is a conflict, however old the key") func inFlight() {
        for age in [1, 86_400, 200_000] as [Int64] {
            #expect(
                rule.decide(record(.inFlight(epoch: 5)), fingerprint: [1, 2], now: after(age)) == .refuse(.inFlight))
            #expect(!rule.canForget(record(.inFlight(epoch: 5)), now: after(age)))
        }
        #expect(IdempotencyRule.Refusal.inFlight.status == 409)
    }

    @Test("a request that died with an earlier process runs again") func diedInFlight() {
        #expect(rule.decide(record(.inFlight(epoch: 4)), fingerprint: [1, 2], now: after(1)) == .run)
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

    @Test("keys of other projects and routes never meet") func scopes() throws {
        let scope = try IdempotencyScope(project: "proj_a", route: "POST /v1/batches", key: "k")
        #expect(try scope == IdempotencyScope(project: "proj_a", route: "POST /v1/batches", key: "k"))
        #expect(try scope != IdempotencyScope(project: "proj_b", route: "POST /v1/batches", key: "k"))
        #expect(try scope != IdempotencyScope(project: "proj_a", route: "POST /v1/files", key: "k"))
        #expect(throws: IdempotencyRule.Refusal.invalidKey) {
            try IdempotencyScope(project: "proj_a", route: "POST /v1/files", key: "")
        }
    }

    @Test(
        "answers of requests that ran are kept",
        arguments: [(200, true), (201, true), (500, true), (503, true), (400, false), (401, false), (429, false)])
    func kept(_ status: Int, _ isKept: Bool) { #expect(IdempotencyRule.keepsAnswer(status: status) == isKept) }
}
