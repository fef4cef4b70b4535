public import Gateway
public import Routing

/// What an engine does with one request, step by step.
public struct EngineScript: Sendable {
    public enum Step: Sendable {
        case head(AnswerHead)
        /// What one read brings.
        case bytes([UInt8])
        case end
        case fail(EngineFailure)
        /// Waits until the test calls `resume` on the call.
        case hang
    }

    public var steps: [Step]

    public init(_ steps: [Step]) { self.steps = steps }

    /// A whole JSON answer in one piece.
    public static func answer(_ json: String, status: Int = 200) -> EngineScript {
        EngineScript([
            .head(AnswerHead(status: status, contentType: "application/json")), .bytes(Array(json.utf8)), .end,
        ])
    }

    /// An event stream in exactly these pieces; where an event ends is the test's business.
    public static func stream(_ pieces: [String]) -> EngineScript {
        EngineScript(
            [.head(AnswerHead(status: 200, contentType: "text/event-stream"))]
                + pieces.map { .bytes(Array($0.utf8)) } + [.end])
    }

    public static func failure(_ failure: EngineFailure) -> EngineScript { EngineScript([.fail(failure)]) }

    /// No answer until the test resumes the call; then `rest`.
    public static func hanging(then rest: EngineScript) -> EngineScript { EngineScript([.hang] + rest.steps) }
}
