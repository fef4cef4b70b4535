import Routing
import Scheduling

/// How important a lane's requests are, in the words of an engine that has priorities: a second line of defence where
/// the engine has a queue of its own, never relied on (scheduling.md 4).
enum EnginePriority {
    /// Twice SGLang's threshold: it preempts only what is at least 10 below.
    static let step = 20

    /// Standard requests have 0, which engines take without being started for priorities. nil: the kind has none.
    static func of(_ lane: Lane, kind: EngineKind) -> Int? {
        let behindStandard = (lane.rawValue - Lane.standard.rawValue) * self.step
        switch kind {
        // Less is more important (`--scheduling-policy priority`).
        case .vllm: return behindStandard
        // More is more important (`--enable-priority-scheduling`).
        case .sglang: return -behindStandard
        case .openai, .llamacpp, .ollama, .simulated: return nil
        }
    }
}
