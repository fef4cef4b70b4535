import Quantities
import Synchronization

/// What a running batch shows to those who ask at any moment; its loop and the commit log write it.
final class BatchBoard: Sendable {
    private struct State {
        var wait: BatchWait?
        var prompts = PromptTokens.zero
    }

    private let state = Mutex(State())

    /// What keeps the batch from going on; nil while it does.
    var wait: BatchWait? { self.state.withLock { $0.wait } }

    /// Of the lines that ended since this process took the batch up.
    var prompts: PromptTokens { self.state.withLock { $0.prompts } }

    func waits(for wait: BatchWait?) { self.state.withLock { $0.wait = wait } }

    func ended(_ prompt: PromptTokens) { self.state.withLock { $0.prompts += prompt } }
}
