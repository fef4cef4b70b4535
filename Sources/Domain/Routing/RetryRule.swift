/// Decides what follows a failed call for one interactive request.
///
/// Retries happen only where nothing was produced: an answer that has begun is never replayed (openai-api 1.4).
public struct RetryRule: Sendable {
    public enum Decision: Equatable, Sendable {
        /// Try the next engine of the alias now.
        case elsewhere
        /// Try again after a pause.
        case after(Duration)
        /// Tell the client.
        case giveUp
    }

    /// Attempts in all, first one included.
    public var attemptsMax: Int
    /// The longest pause an interactive client is made to wait; longer ones become its own `Retry-After`.
    public var pauseMax: Duration

    public init(attemptsMax: Int = 3, pauseMax: Duration = .seconds(2)) {
        self.attemptsMax = attemptsMax
        self.pauseMax = pauseMax
    }

    /// - Parameters:
    ///   - attempt: attempts made so far, at least 1.
    ///   - othersLeft: another engine of the alias is available and was not tried yet.
    ///   - jitter: 0..<1, from the caller's generator.
    public func decide(_ failure: EngineFailure, attempt: Int, othersLeft: Bool, jitter: Double) -> Decision {
        if failure.produced || attempt >= self.attemptsMax { return .giveUp }
        switch failure.kind {
        case .clientFault, .cancelled:
            return .giveUp
        case .credential, .billing:
            return othersLeft ? .elsewhere : .giveUp
        case .timeout(let stage):
            // A request that ran into its first-token or total limit has used its time; another engine may be quick.
            if othersLeft { return .elsewhere }
            return stage == .connect ? self.pause(attempt, jitter: jitter, asked: nil) : .giveUp
        case .capacity, .fault, .unreachable:
            if othersLeft { return .elsewhere }
            return self.pause(attempt, jitter: jitter, asked: failure.retryAfter)
        }
    }

    private func pause(_ attempt: Int, jitter: Double, asked: Duration?) -> Decision {
        if let asked { return asked <= self.pauseMax ? .after(asked) : .giveUp }
        let milliseconds = Double(100 << min(attempt, 6)) * (0.75 + 0.5 * jitter)
        return .after(min(.milliseconds(Int64(milliseconds)), self.pauseMax))
    }
}
