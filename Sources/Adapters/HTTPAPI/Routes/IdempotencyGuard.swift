import Batching
import Crypto
import Gateway
import Hummingbird
import OpenAIWire
import Quantities

/// `Idempotency-Key` on creating files and batches, by Stripe's rules: the same key and request give the stored answer,
/// the same key with another request is an error, and a request still under way is a conflict.
struct IdempotencyGuard {
    let store: any IdempotencyStore
    let clock: any GatewayClock
    /// When this process began: an unfinished record from before died with its process.
    let startedAt: Instant

    static func key(of request: Request) throws(GatewayError) -> String? {
        guard let key = request.headers[HeaderNames.idempotencyKey] else { return nil }
        do throws(IdempotencyRule.Refusal) { try IdempotencyRule.check(key: key) } catch { throw Self.error(error) }
        return key
    }

    private static func error(_ refusal: IdempotencyRule.Refusal) -> GatewayError {
        .client(
            ErrorBody(
                status: refusal.status, message: refusal.message, type: refusal.type, param: nil,
                code: refusal.code))
    }

    /// Runs `work` once for a key; its bytes are the 200 answer.
    func run(
        _ key: String?, caller: Caller, route: String, fingerprint: [UInt8], onReplay: () -> Void = {},
        _ work: () async throws -> [UInt8]
    ) async throws -> Response {
        guard let key else { return Response.json(try await work()) }
        let now = self.clock.now
        var record = Gateway.IdempotencyRecord(
            project: caller.project, route: route, key: key, fingerprint: fingerprint, createdAt: now)
        let notBefore = now.advanced(by: .zero - IdempotencyRule.lifetime)
        if let earlier = try await self.store.begin(record, notBefore: notBefore) {
            let isDead = earlier.status == nil && earlier.createdAt < self.startedAt
            if !isDead || earlier.fingerprint != fingerprint {
                onReplay()
                return try Self.replay(earlier, fingerprint: fingerprint)
            }
            try await self.store.abandon(project: caller.project, route: route, key: key)
            _ = try await self.store.begin(record, notBefore: notBefore)
        }
        let body: [UInt8]
        do {
            body = try await work()
        } catch let error as GatewayError where error.source != .client {
            // Something may have been done: the same answer again, never the same work again.
            record.status = error.answer.status
            record.body = error.bodyBytes
            try? await self.store.finish(record)
            throw error
        } catch {
            // Refused before anything was done: the key may be used again.
            try? await self.store.abandon(project: caller.project, route: route, key: key)
            throw error
        }
        record.status = 200
        record.body = body
        // The work is done: if its answer cannot be kept, the key stays taken, so that it is never done twice.
        try? await self.store.finish(record)
        return Response.json(body)
    }

    private static func replay(_ record: Gateway.IdempotencyRecord, fingerprint: [UInt8]) throws -> Response {
        guard record.fingerprint == fingerprint else { throw Self.error(.mismatch) }
        guard let status = record.status, let body = record.body else { throw Self.error(.inFlight) }
        var response = Response.json(body, status: status)
        response.headers[HeaderNames.idempotentReplayed] = "true"
        return response
    }
}
