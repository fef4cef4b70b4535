import Batching
import OpenAIWire
public import Quantities

/// Runs a request that creates something once for its `Idempotency-Key`.
///
/// The object and the key's answer are one transaction. So a key without an answer, left by a process that died,
/// belongs to a request that stored nothing: the store forgets such keys at the next start, and a repetition runs.
public struct IdempotentRequests: Sendable {
    private let store: any IdempotencyStore
    private let clock: any GatewayClock

    public init(store: any IdempotencyStore, clock: any GatewayClock) {
        self.store = store
        self.clock = clock
    }

    /// One use of a key.
    public struct Key: Sendable {
        let project: ProjectID
        /// Method and path, `POST /v1/batches`.
        let route: String
        let text: String
        /// Hash of the request.
        let fingerprint: [UInt8]

        /// - Parameter text: has passed `check`.
        public init(_ text: String, project: ProjectID, route: String, fingerprint: [UInt8]) {
            self.project = project
            self.route = route
            self.text = text
            self.fingerprint = fingerprint
        }

        /// Refuses a key that cannot be stored, before anything else of the request is read.
        public static func check(_ text: String) throws(GatewayError) {
            do throws(IdempotencyRule.Refusal) {
                try IdempotencyRule.check(key: text)
            } catch {
                throw GatewayError(error)
            }
        }
    }

    public struct Answer: Sendable, Equatable {
        public var status: Int
        public var body: [UInt8]
        /// The answer to an earlier request.
        public var isReplayed: Bool

        package init(status: Int, body: [UInt8], isReplayed: Bool) {
            self.status = status
            self.body = body
            self.isReplayed = isReplayed
        }
    }

    /// Gives the answer that the key has, or runs `work`.
    ///
    /// - Parameters:
    ///   - body: the 200 answer for what was made.
    ///   - work: makes the object and stores it together with the pending answer that it is given.
    public func run<Made>(
        _ key: Key?, body: @escaping @Sendable (Made) -> [UInt8],
        _ work: (PendingAnswer<Made>?) async throws(GatewayError) -> Made
    ) async throws(GatewayError) -> Answer {
        guard let key else { return Answer(status: 200, body: body(try await work(nil)), isReplayed: false) }
        var record = IdempotencyRecord(
            project: key.project, route: key.route, key: key.text, fingerprint: key.fingerprint,
            createdAt: self.clock.now)
        if let earlier = try await self.begin(record) { return try Self.replay(earlier, for: key) }
        do throws(GatewayError) {
            let made = try await work(PendingAnswer(key: record, body: body))
            return Answer(status: 200, body: body(made), isReplayed: false)
        } catch {
            record.status = error.answer.status
            record.body = error.bodyBytes
            await self.failed(record)
            throw error
        }
    }

    private func begin(_ record: IdempotencyRecord) async throws(GatewayError) -> IdempotencyRecord? {
        do throws(StoreFailure) {
            return try await self.store.begin(
                record, notBefore: record.createdAt.advanced(by: .zero - IdempotencyRule.lifetime))
        } catch {
            throw GatewayError(error)
        }
    }

    private static func replay(_ earlier: IdempotencyRecord, for key: Key) throws(GatewayError) -> Answer {
        do throws(IdempotencyRule.Refusal) {
            try IdempotencyRule.checkRepeated(
                isSameRequest: earlier.fingerprint == key.fingerprint, isAnswered: earlier.status != nil)
        } catch {
            throw GatewayError(error)
        }
        return Answer(status: earlier.status ?? 200, body: earlier.body ?? [], isReplayed: true)
    }

    /// Nothing was made. If not even this can be stored, the key stays taken until the next start or for its lifetime.
    private func failed(_ record: IdempotencyRecord) async {
        do throws(StoreFailure) {
            if IdempotencyRule.keepsAnswer(status: record.status ?? 0) {
                try await self.store.finish(record)
            } else {
                try await self.store.abandon(record)
            }
        } catch {
            return
        }
    }
}

/// The answer to a request that took a key, to be stored together with what the request makes.
public struct PendingAnswer<Made>: Sendable {
    let key: IdempotencyRecord
    let body: @Sendable (Made) -> [UInt8]

    /// The key's record as it is once `made` is stored.
    package func given(_ made: Made) -> IdempotencyRecord {
        var record = self.key
        record.status = 200
        record.body = self.body(made)
        return record
    }
}

extension GatewayError {
    init(_ refusal: IdempotencyRule.Refusal) {
        self = .client(
            ErrorBody(
                status: refusal.status, message: refusal.message, type: refusal.type, param: nil, code: refusal.code))
    }
}
