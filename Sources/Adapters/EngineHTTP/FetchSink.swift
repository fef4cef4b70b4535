import Gateway
import Routing
import Synchronization

/// Collects one small answer for `fetch`.
final class FetchSink: AnswerSink {
    private struct State {
        var head: AnswerHead?
        var body: [UInt8] = []
    }

    private let state = Mutex(State())
    private let done: @Sendable (Result<EngineFetchAnswer, EngineFailure>) -> Void

    init(done: @escaping @Sendable (Result<EngineFetchAnswer, EngineFailure>) -> Void) { self.done = done }

    func head(_ head: AnswerHead) { self.state.withLock { $0.head = head } }

    func bytes(_ bytes: UnsafeRawBufferPointer) {
        self.state.withLock {
            let room = EngineLimits.probeBytesMax - $0.body.count
            $0.body.append(contentsOf: bytes.prefix(max(0, room)))
        }
    }

    func end() {
        let answer = self.state.withLock {
            EngineFetchAnswer(status: $0.head?.status ?? 0, contentType: $0.head?.contentType ?? "", body: $0.body)
        }
        self.done(.success(answer))
    }

    func failed(_ failure: EngineFailure) { self.done(.failure(failure)) }
}
