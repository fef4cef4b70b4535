import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Testing

@Suite("A request with an idempotency key") struct IdempotentRequestsTests {
    private let store = InMemoryStore()
    private let clock = ManualClock()
    private var requests: IdempotentRequests { IdempotentRequests(store: self.store, clock: self.clock) }

    private func key(_ fingerprint: UInt8 = 1) -> IdempotentRequests.Key {
        IdempotentRequests.Key("k", project: "proj_a", route: "POST /v1/batches", fingerprint: [fingerprint])
    }

    /// Makes one batch.
    private func create(
        _ id: BatchID, key: IdempotentRequests.Key?
    ) async throws(GatewayError) -> IdempotentRequests.Answer {
        let batch = BatchRecord(
            id: id, project: "proj_a", key: nil, endpoint: "/v1/chat/completions", inputFile: "file-a", window: "24h",
            tier: .batch, status: "validating", metadata: nil, outputExpiresAfter: nil, createdAt: self.clock.now,
            expiresAt: self.clock.now)
        return try await self.requests.run(key, body: Self.body) { answer throws(GatewayError) in
            do throws(StoreFailure) {
                try await self.store.insert(batch, answer: answer?.given(batch))
            } catch {
                throw GatewayError(error)
            }
            return batch
        }
    }

    private static let body: @Sendable (BatchRecord) -> [UInt8] = { Array($0.id.text.utf8) }

    private func fail(_ error: GatewayError) async -> GatewayError? {
        do throws(GatewayError) {
            _ = try await self.requests.run(self.key(), body: Self.body) { _ throws(GatewayError) in throw error }
            return nil
        } catch {
            return error
        }
    }

    @Test("makes one object and gives its answer again, for a day") func replay() async throws {
        try await self.store.insert(ProjectRecord(id: "proj_a", name: "a", createdAt: self.clock.now))
        let first = try await self.create("batch_1", key: self.key())
        #expect(first == .init(status: 200, body: Array("batch_1".utf8), isReplayed: false))
        self.clock.advance(by: .seconds(86_400))
        let again = try await self.create("batch_2", key: self.key())
        #expect(again == .init(status: 200, body: Array("batch_1".utf8), isReplayed: true))
        #expect(try await self.store.batch("batch_2", project: "proj_a") == nil)
        self.clock.advance(by: .nanoseconds(1))
        #expect(try await self.create("batch_2", key: self.key()).isReplayed == false)
        #expect(try await self.create("batch_3", key: nil).isReplayed == false)
    }

    @Test("is refused while another holds the key, and with another body always") func refused() async throws {
        try await self.store.insert(ProjectRecord(id: "proj_a", name: "a", createdAt: self.clock.now))
        _ = try await self.requests.run(self.key(), body: { $0 }) { _ throws(GatewayError) in
            await #expect { try await self.create("batch_1", key: self.key()) } throws: {
                ($0 as? GatewayError)?.answer.status == 409
            }
            await #expect { try await self.create("batch_1", key: self.key(2)) } throws: {
                ($0 as? GatewayError)?.answer.code == "idempotency_key_mismatch"
            }
            return []
        }
        #expect(try await self.store.batches(project: "proj_a", page: PageRequest(limit: 9)).items.isEmpty)
    }

    @Test("that was refused gives its key free; one that broke keeps its answer") func failed() async throws {
        try await self.store.insert(ProjectRecord(id: "proj_a", name: "a", createdAt: self.clock.now))
        let refusal = GatewayError.invalid("no such file")
        #expect(await self.fail(refusal) == refusal)
        let broken = GatewayError(source: .store, answer: .serverError)
        #expect(await self.fail(broken) == broken)
        let again = try await self.create("batch_1", key: self.key())
        #expect(again == .init(status: 500, body: broken.bodyBytes, isReplayed: true))
    }

    @Test("whose process died runs after the restart") func restart() async throws {
        try await self.store.insert(ProjectRecord(id: "proj_a", name: "a", createdAt: self.clock.now))
        _ = try await self.store.beginServing()
        _ = try await self.requests.run(self.key(), body: { $0 }) { _ throws(GatewayError) in
            await self.store.close()
            self.store.reopen()
            _ = try? await self.store.beginServing()
            _ = try? await self.create("batch_1", key: self.key())
            return []
        }
        let again = try await self.create("batch_2", key: self.key())
        #expect(again == .init(status: 200, body: Array("batch_1".utf8), isReplayed: true))
    }

    @Test("needs a key that can be stored", arguments: [("a", true), ("", false), ("a\nb", false)])
    func keys(_ text: String, _ isGood: Bool) {
        #expect(((try? IdempotentRequests.Key.check(text)) != nil) == isGood)
    }
}
