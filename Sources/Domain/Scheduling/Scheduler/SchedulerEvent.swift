public import Quantities

/// What the scheduler is told. Every event comes with its time; times never go back.
public enum SchedulerEvent: Hashable, Sendable {
    /// An engine is new, or its description has changed.
    case engine(EngineProfile)
    /// The engine can be used, or no longer; its work in flight ends with events of its own.
    case available(EngineID, Bool)
    /// Background work at this engine is held until a cheaper hour begins; nil: no longer.
    case held(EngineID, until: Instant?)
    /// The same for a model that has hours of its own there: they hold in place of the engine's.
    case heldModel(PoolID, EngineID, until: Instant?)
    /// The engines of a model.
    /// - Parameter weights: how much each engine is to bear beside the others; empty: all the same.
    case pool(PoolID, [EngineID], weights: [Int] = [])
    /// A project's share of the service relative to others, 1 unless told.
    case weight(ProjectID, Double)
    /// All of these are known before anything is sent: what is told of engines and models hangs together.
    case together([SchedulerEvent])
    case arrive(WorkRequest)
    /// A batch has work, or a different amount of it.
    case offer(BatchOffer)
    /// A batch has nothing more to send.
    case withdraw(BatchID)
    /// The answer to a pull: this line was sent.
    case lineStarted(BatchLine)
    /// The answer to a pull: no line can be sent before `until`, or before the next offer.
    case nothingReady(BatchID, EngineID, until: Instant?)
    case firstToken(WorkKey)
    /// Tokens of the prompt that were computed so far, cached ones left out; from engines that tell it.
    case promptComputed(WorkKey, tokens: Int)
    /// Output tokens so far.
    case progress(WorkKey, outputTokens: Int)
    /// The client has begun to receive the answer: it can no longer be computed again elsewhere.
    case delivered(WorkKey)
    /// The time between two tokens of a stream at this engine.
    case gap(EngineID, Duration)
    case finished(WorkKey, WorkUsage)
    case failed(WorkKey, EngineTrouble)
    /// An engine had no room for a request of this lane, which has failed there: it is refused, or goes on in another
    /// lane as its caller wishes.
    case refusedByEngine(Lane, fallsBack: Bool)
    /// The client left, or the batch gave the line up.
    case gone(WorkKey)
    case sample(EngineID, EngineSample)
    /// The process is about to end: requests that wait for background hours are refused, and so are more of them.
    case stop
    /// Nothing happened; time passed. At least twice a second while there is work.
    case tick
}

/// Why a call failed, as far as it concerns scheduling.
public enum EngineTrouble: Hashable, Sendable {
    /// 429, 503 or a refused connection: the engine has no room.
    case capacity(retryAfter: Duration?)
    /// The same, and the request goes its own way: it does not wait here again.
    case full(retryAfter: Duration?)
    /// The engine has no room at its lower price (a bought engine's flex 429); says nothing about other requests.
    case flexFull
    /// The request failed for good; says nothing about room.
    case request
    /// The engine gave the work back before it produced anything; it is queued again, first in its line.
    case lost
    /// The engine could not be reached for this. The same, and no more background work is sent there for a moment.
    case unreached

    /// The work does not wait here again.
    var isFinal: Bool {
        switch self {
        case .full, .request: true
        case .capacity, .flexFull, .lost, .unreached: false
        }
    }
}

/// What the scheduler wants done, in this order.
public enum SchedulerAction: Hashable, Sendable {
    /// Send this request to this engine.
    case dispatch(WorkKey, EngineID)
    /// Send a line of this batch to this engine, and answer with `lineStarted` or `nothingReady`.
    case pull(BatchID, EngineID)
    /// Cancel this call: a more urgent request takes its place. A request waits again; a line is its batch's again.
    case preempt(WorkKey)
    /// Answer 429 with this delay: it would wait longer than it wants to.
    case refuse(WorkKey, retryAfter: Duration)
}
