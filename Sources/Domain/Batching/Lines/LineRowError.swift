/// The top-level `error` of a row in the error file, for lines of which there is no answer (`response` is null).
public struct LineRowError: Hashable, Sendable {
    public let code: String
    public let message: String

    /// The row of a line that never ran, by how its batch ended; nil when the batch completed, since then all lines
    /// ran.
    public init?(neverRun ending: BatchStateMachine.Ending) {
        switch ending {
        case .completed: return nil
        case .expired:
            self.code = "batch_expired"
            self.message = "This request could not be executed before the completion window expired."
        case .cancelled:
            self.code = "batch_cancelled"
            self.message = "This request was not executed because the batch was cancelled."
        }
    }

    /// The row of a line that ran without an answer; nil when there is an answer, which the row then carries instead.
    /// `engine_unavailable` is this product's own code: OpenAI documents none for a broken connection.
    public init?(_ failure: LineFailure) {
        switch failure {
        case .status, .exhausted(.status): return nil
        case .exhausted(.timeout):
            self.code = "request_timeout"
            self.message = "The request to the model timed out."
        case .exhausted(.connection):
            self.code = "engine_unavailable"
            self.message = "The connection to the model failed."
        }
    }
}
