import NIOCore
import Quantities
import Synchronization

/// Drives the engine's model with the real clock for all connections: one lock, actions are carried out outside it.
final class SimulatorCore: Sendable {
    /// What became of a model call at its arrival.
    struct Start {
        let id: UInt64
        let fault: FaultKind?
        let place: ExecutionLog.Place?
        /// False when the engine did not take the work: a fault before work, or a full line.
        let isTaken: Bool
        /// Steps complete already.
        var steps = 0
        /// Set when the work is complete already.
        var cachedTokens: Int?
    }

    /// The headers that tests steer with.
    struct Steering {
        var fault: FaultKind?
        var label: String?
    }

    /// Wakes closer than this are served together, so that fast engines do not tick token by token.
    static let tickMin = Duration.microseconds(250)

    let options: SimulatorOptions
    private let faults: FaultPlan
    private let clockLoop: any EventLoop
    private let state: Mutex<SimulatorState>

    init(options: SimulatorOptions, clockLoop: any EventLoop) {
        self.options = options
        self.faults = FaultPlan(rates: options.faults, seed: options.seed)
        self.clockLoop = clockLoop
        self.state = Mutex(SimulatorState(options: options, now: Self.now()))
    }

    /// Monotonic; its zero is arbitrary.
    static func now() -> Instant { Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }

    /// Numbers a model call, decides its fault and hands it to the model, unless the fault comes before any work.
    func begin(
        mark: String, steering: Steering, sink: ModelSink?, request: (UInt64) -> ModelRequest
    ) -> Start {
        var actions: [EngineModel.Action] = []
        let (start, others) = self.state.withLock { state in
            let id = state.ordinal
            state.ordinal += 1
            if let label = steering.label { state.count(label: label) }
            let place = state.log.place(of: mark)
            let fault = steering.fault ?? self.faults.fault(ordinal: id)
            if let fault, fault.isBeforeWork {
                state.log.note(.faulted, at: place)
                return (Start(id: id, fault: fault, place: place, isTaken: false), [Delivery]())
            }
            var work = request(id)
            if fault == .slow { work.firstTokenFactor = 10 }
            guard state.model.arrive(work, now: Self.now(), into: &actions) else {
                return (Start(id: id, fault: nil, place: place, isTaken: false), self.route(actions, &state, but: id))
            }
            state.log.note(.started, at: place)
            var start = Start(id: id, fault: fault, place: place, isTaken: true)
            for action in actions {
                switch action {
                case .steps(id, let count): start.steps += count
                case .finished(id, let cachedTokens): start.cachedTokens = cachedTokens
                default: break
                }
            }
            if start.cachedTokens == nil, let sink { state.sinks[id] = sink }
            return (start, self.route(actions, &state, but: id))
        }
        for delivery in others { delivery.sink.deliver(delivery.action) }
        return start
    }

    /// The client of a running request went away.
    func cancel(_ id: UInt64) {
        var actions: [EngineModel.Action] = []
        let deliveries = self.state.withLock { state in
            guard state.sinks.removeValue(forKey: id) != nil else { return [Delivery]() }
            state.model.cancel(id, now: Self.now(), into: &actions)
            return self.route(actions, &state, but: id)
        }
        for delivery in deliveries { delivery.sink.deliver(delivery.action) }
    }

    func note(_ outcome: Outcome, _ event: ExecutionLog.Event? = nil, at place: ExecutionLog.Place? = nil) {
        self.state.withLock { state in
            state.count(outcome)
            if let event { state.log.note(event, at: place) }
        }
    }

    /// Reads the state as it is at this moment; `body` runs under the lock.
    func read<Value: Sendable>(_ body: (borrowing SimulatorState) -> Value) -> Value {
        var actions: [EngineModel.Action] = []
        let (value, deliveries) = self.state.withLock { state in
            state.model.tick(now: Self.now(), into: &actions)
            let deliveries = self.route(actions, &state)
            return (body(state), deliveries)
        }
        for delivery in deliveries { delivery.sink.deliver(delivery.action) }
        return value
    }

    func resetLog() { self.state.withLock { $0.log.reset() } }

    func stop() {
        self.state.withLock { state in
            state.timer?.cancel()
            state.timer = nil
        }
    }

    private struct Delivery {
        let sink: ModelSink
        let action: EngineModel.Action
    }

    /// Finds who must hear of the actions and sets the timer; `but` is told by its own caller.
    private func route(
        _ actions: [EngineModel.Action], _ state: inout SimulatorState, but own: UInt64? = nil
    ) -> [Delivery] {
        var deliveries: [Delivery] = []
        for action in actions {
            switch action {
            case .steps(let id, _):
                if id != own, let sink = state.sinks[id] { deliveries.append(Delivery(sink: sink, action: action)) }
            case .finished(let id, _):
                if id != own, let sink = state.sinks.removeValue(forKey: id) {
                    deliveries.append(Delivery(sink: sink, action: action))
                }
            case .wake(let at): self.setTimer(at, &state)
            }
        }
        return deliveries
    }

    private func setTimer(_ at: Instant, _ state: inout SimulatorState) {
        if let timerAt = state.timerAt, timerAt <= at { return }
        state.timer?.cancel()
        state.timerAt = at
        let now = Self.now()
        let wait = max(at.since(now), Self.tickMin)
        state.timer = self.clockLoop.scheduleTask(in: .nanoseconds(wait.nanosecondsClamped)) { self.tick() }
    }

    private func tick() {
        var actions: [EngineModel.Action] = []
        let deliveries = self.state.withLock { state in
            state.timer = nil
            state.timerAt = nil
            state.model.tick(now: Self.now(), into: &actions)
            return self.route(actions, &state)
        }
        for delivery in deliveries { delivery.sink.deliver(delivery.action) }
    }
}
