import NIOCore
import NIOHTTP1

/// One request and its answer under way on a connection.
final class Exchange {
    enum Answer {
        case whole(AnswerFrame)
        case stream(StreamedAnswer)
        case embeddings(EmbeddingAsk)
        /// The client waits for ever (fault `hang`).
        case never
    }

    let answer: Answer
    let keepsAlive: Bool
    let fault: FaultKind?
    let id: UInt64
    let place: ExecutionLog.Place?
    /// Decoding steps in all, complete, and written.
    let steps: Int
    var stepsDone = 0
    var stepsWritten = 0
    var hasHead = false
    /// Set when the model has finished the request.
    var cachedTokens: Int?

    init(answer: Answer, keepsAlive: Bool, start: SimulatorCore.Start) {
        self.answer = answer
        self.keepsAlive = keepsAlive
        self.fault = start.fault
        self.id = start.id
        self.place = start.place
        switch answer {
        case .whole(let frame): self.steps = frame.steps
        case .stream(let stream): self.steps = stream.frame.steps
        case .embeddings, .never: self.steps = 0
        }
        self.stepsDone = start.steps
        self.cachedTokens = start.cachedTokens
    }
}
