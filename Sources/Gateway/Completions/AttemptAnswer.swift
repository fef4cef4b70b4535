import OpenAIWire
import Routing

/// The answer to one attempt of a call that may lose its place: what comes late is not taken for the next attempt's.
final class AttemptAnswer: AnswerSink {
    private let call: CompletionCall
    private let attempt: Int

    init(_ call: CompletionCall, attempt: Int) {
        self.call = call
        self.attempt = attempt
    }

    func head(_ head: AnswerHead) { self.call.head(head, of: self.attempt) }
    func bytes(_ bytes: UnsafeRawBufferPointer) { self.call.bytes(bytes, of: self.attempt) }
    func pause() { self.call.pause() }
    func end() { self.call.end(of: self.attempt) }
    func failed(_ failure: EngineFailure) { self.call.failed(failure, of: self.attempt) }
}
