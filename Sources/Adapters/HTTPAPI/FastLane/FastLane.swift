import Gateway
import Logging
import NIOCore
import OpenAIWire
import Quantities

/// What every connection's fast lane shares: the use case, the keys, the limits.
///
/// Requests for completions and embeddings are answered on the connection's event loop by `FastLaneHandler`, without
/// the router and without a task; every other path goes on to Hummingbird.
final class FastLane: Sendable {
    let keys: KeyGate
    let completions: ServeCompletion
    let clock: any GatewayClock
    let randomness: any Randomness
    let bodyBytesMax: Int
    let logger: Logger

    init(
        keys: KeyGate, completions: ServeCompletion, clock: any GatewayClock, randomness: any Randomness,
        bodyBytesMax: Int, logger: Logger
    ) {
        self.keys = keys
        self.completions = completions
        self.clock = clock
        self.randomness = randomness
        self.bodyBytesMax = bodyBytesMax
        self.logger = logger
    }
}
