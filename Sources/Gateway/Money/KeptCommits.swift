import Ledger
public import Logging
import Synchronization

/// Commits that outlive a store that cannot write for a while: a full disk, a locked database.
///
/// What an engine has made is made, and a bought answer is paid for. So what the store cannot take is kept and tried
/// again until it is durable; only then its requester hears of it. Until all of it is, `isFailing` tells everyone to
/// send nothing more to engines: what is kept is at most what ran when the store failed.
public final class KeptCommits: CommitLog {
    static let pauseFirst: Duration = .milliseconds(200)
    static let pauseMax: Duration = .seconds(5)

    private struct Kept: Sendable {
        let entry: CommitEntry
        let done: @Sendable (Result<CommitResult, StoreFailure>) -> Void
    }

    private struct State: Sendable {
        var kept: [Kept] = []
        /// Entries of the present round that have not ended.
        var tried = 0
        var pause = KeptCommits.pauseFirst
        var isFailing = false
        var isClosed = false
    }

    private let log: any CommitLog
    private let timers: any Timers
    private let meters: (any Meters)?
    private let logger: Logger
    private let state = Mutex(State())
    private let failing = Atomic<Bool>(false)

    public init(_ log: any CommitLog, timers: any Timers, meters: (any Meters)? = nil, logger: Logger) {
        self.log = log
        self.timers = timers
        self.meters = meters
        self.logger = logger
    }

    public var isFailing: Bool { self.failing.load(ordering: .relaxed) }

    public func commit(
        _ entry: CommitEntry, done: @escaping @Sendable (Result<CommitResult, StoreFailure>) -> Void
    ) {
        self.log.commit(entry) { result in
            guard case .failure(.unavailable(let why)) = result, entry.isWorthKeeping,
                self.keep(Kept(entry: entry, done: done), why)
            else { return done(result) }
        }
    }

    private func keep(_ kept: Kept, _ why: String) -> Bool {
        enum Answer { case no, kept, first(Duration) }
        let answer = self.state.withLock { state -> Answer in
            if state.isClosed { return .no }
            state.kept.append(kept)
            if state.isFailing { return .kept }
            state.isFailing = true
            state.pause = Self.pauseFirst
            self.failing.store(true, ordering: .relaxed)
            return .first(state.pause)
        }
        switch answer {
        case .no: return false
        case .kept: return true
        case .first(let pause):
            self.meters?.set(gauge: .storeFailing, 1)
            self.logger.error(
                "the store cannot be written: nothing is sent to engines until it can", metadata: ["reason": "\(why)"])
            self.timers.after(pause) { [weak self] in self?.tryAgain() }
            return true
        }
    }

    private func tryAgain() {
        let round = self.state.withLock { state in
            defer { state.kept = [] }
            state.tried = state.kept.count
            return state.kept
        }
        for kept in round { self.log.commit(kept.entry) { self.ended(kept, $0) } }
    }

    private func ended(_ kept: Kept, _ result: Result<CommitResult, StoreFailure>) {
        enum Next { case none, again(Duration), well }
        let (isKept, next) = self.state.withLock { state -> (Bool, Next) in
            var isKept = false
            if case .failure(.unavailable) = result, !state.isClosed {
                state.kept.append(kept)
                isKept = true
            }
            state.tried -= 1
            guard state.tried == 0, !state.isClosed else { return (isKept, .none) }
            if state.kept.isEmpty {
                state.isFailing = false
                self.failing.store(false, ordering: .relaxed)
                return (isKept, .well)
            }
            state.pause = min(state.pause * 2, Self.pauseMax)
            return (isKept, .again(state.pause))
        }
        if !isKept { kept.done(result) }
        switch next {
        case .none: break
        case .again(let pause): self.timers.after(pause) { [weak self] in self?.tryAgain() }
        case .well:
            self.meters?.set(gauge: .storeFailing, 0)
            self.logger.info("the store can be written again")
        }
    }

    /// The process stops: what is kept fails, and nothing is kept any more.
    public func giveUp() {
        let kept = self.state.withLock { state in
            defer { state.kept = [] }
            state.isClosed = true
            return state.kept
        }
        for each in kept { each.done(.failure(.unavailable("the process stops, and the store cannot be written"))) }
    }
}

extension CommitEntry {
    /// A refusal costs nothing, and its client shall hear of it at once.
    fileprivate var isWorthKeeping: Bool {
        switch self {
        case .charge(let charge): charge.outcome != .refused
        case .line: true
        }
    }
}
