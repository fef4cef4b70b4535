import OpenAIWire
import Quantities
import Synchronization

/// Writes SSE comments to a streaming client while its answer has not begun, so that proxies between do not take the
/// connection for dead (openai-api.md 5.4). Only for clients that ask: the first comment is sent with a 200, and from
/// then on a refusal is an event in the stream, no longer a 429.
final class KeptAliveSink: ClientSink {
    /// SDKs and the SSE specification skip lines that begin with a colon.
    static let comment = Array(": waiting\n\n".utf8)

    private struct State {
        /// A comment has been sent, and the head with it.
        var hasBegun = false
        /// The answer, or a refusal, is there.
        var isOver = false
    }

    private let client: any ClientSink
    private let interval: Duration
    private let timers: any Timers
    private let state = Mutex(State())

    /// - Parameter interval: between two comments.
    init(_ client: any ClientSink, interval: Duration, timers: any Timers) {
        self.client = client
        self.interval = interval
        self.timers = timers
        self.wait()
    }

    private func wait() { self.timers.after(self.interval) { [weak self] in self?.writeComment() } }

    private func writeComment() {
        // Under the lock, so that the answer does not begin in between; the client's end never calls back.
        let goesOn = self.state.withLock { state -> Bool in
            guard !state.isOver else { return false }
            // It may still go on in another tier.
            if !state.hasBegun { self.client.streamBegan(tier: nil) }
            state.hasBegun = true
            Self.comment.withUnsafeBytes { self.client.streamBytes($0) }
            self.client.streamPaused()
            return true
        }
        if goesOn { self.wait() }
    }

    /// No comment follows. True when one was sent before.
    private func end() -> Bool {
        self.state.withLock { state in
            state.isOver = true
            return state.hasBegun
        }
    }

    func whole(_ answer: WholeAnswer) {
        _ = self.end()
        self.client.whole(answer)
    }

    func streamBegan(tier: TierName?) {
        if !self.end() { self.client.streamBegan(tier: tier) }
    }

    func streamBytes(_ bytes: UnsafeRawBufferPointer) { self.client.streamBytes(bytes) }
    func streamPaused() { self.client.streamPaused() }
    func streamEnded(_ last: [UInt8]) { self.client.streamEnded(last) }

    func refused(_ error: GatewayError) {
        if self.end() {
            self.client.streamEnded(CompletionCall.errorEvent(error))
        } else {
            self.client.refused(error)
        }
    }
}
