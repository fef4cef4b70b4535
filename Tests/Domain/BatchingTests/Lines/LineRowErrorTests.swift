import Batching
import Testing

@Suite("Rows of lines without an answer") struct LineRowErrorTests {
    @Test("lines that never ran say why") func neverRun() {
        #expect(LineRowError(neverRun: .completed) == nil)
        #expect(LineRowError(neverRun: .expired)?.code == "batch_expired")
        #expect(
            LineRowError(neverRun: .expired)?.message
                == "This request could not be executed before the completion window expired.")
        #expect(LineRowError(neverRun: .cancelled)?.code == "batch_cancelled")
        #expect(
            LineRowError(neverRun: .cancelled)?.message
                == "This request was not executed because the batch was cancelled.")
    }

    @Test("lines that ran have a row error only when no answer came") func ran() {
        #expect(LineRowError(.status(400)) == nil)
        #expect(LineRowError(.exhausted(.status(503))) == nil)
        #expect(LineRowError(.exhausted(.timeout))?.code == "request_timeout")
        #expect(LineRowError(.exhausted(.connection))?.code == "engine_unavailable")
    }
}
