import Gateway
import NIOCore
import NIOHTTP1
import Quantities
import Routing

/// What is asked of an engine, on the wire.
struct WireCall: Sendable {
    var engine: Engine
    var method: HTTPMethod
    /// Absolute path on the engine's host.
    var path: String
    var body: [UInt8]
    var isStream: Bool
    var request: RequestID?
    var traceparent: String?
    var timeouts: EngineTimeouts
}

/// One call from start to end.
///
/// `@unchecked Sendable`: every mutable property is touched on the pool's event loop only; `cancel` and `setReading`
/// hop there.
final class RunningCall: EngineCall, @unchecked Sendable {
    enum Phase { case waiting, sent, answering, done }

    let wire: WireCall
    let pool: LoopPool
    /// Let go at the end: whoever asked holds this call, and must not be held by it for ever.
    private var sink: (any AnswerSink)?
    private(set) var phase = Phase.waiting
    private var connection: EngineConnection?
    private var readingPaused = false
    let startedAt: NIODeadline
    /// When the present phase runs out of time.
    private(set) var deadline: NIODeadline
    private(set) var stage = EngineFailure.Stage.connect
    /// A stale idle connection may be replaced once, before anything arrived.
    var mayReplaceConnection = true
    private var produced = false
    /// Written, over this connection or one that it has replaced.
    private var wasSent = false

    init(wire: WireCall, sink: any AnswerSink, pool: LoopPool) {
        self.wire = wire
        self.sink = sink
        self.pool = pool
        self.startedAt = .now()
        self.deadline = .now() + TimeAmount(wire.timeouts.connect)
    }

    var isDone: Bool { self.phase == .done }

    func cancel() {
        if self.pool.loop.inEventLoop {
            self.cancelOnLoop()
        } else {
            self.pool.loop.execute { self.cancelOnLoop() }
        }
    }

    private func cancelOnLoop() {
        guard self.phase != .done else { return }
        self.phase = .done
        _ = self.letGo()
        self.pool.finished(self)
        self.connection?.close()
        self.connection = nil
    }

    private func letGo() -> (any AnswerSink)? {
        defer { self.sink = nil }
        return self.sink
    }

    func setReading(_ reading: Bool) {
        self.pool.loop.execute {
            guard self.phase != .done else { return }
            self.readingPaused = !reading
            // A handshake is read whatever the client does.
            if self.phase != .waiting { self.connection?.setReading(reading) }
            if reading { self.touch() }
        }
    }

    /// The request is written once the handshake is over; until then the limit of connecting goes on.
    func awaitsHandshake(of connection: EngineConnection) { self.connection = connection }

    /// The request is about to be written.
    func attached(_ connection: EngineConnection) {
        self.connection = connection
        self.phase = .sent
        self.wasSent = true
        self.stage = .firstToken
        self.deadline = .now() + TimeAmount(self.wire.timeouts.firstToken)
        if self.readingPaused { connection.setReading(false) }
    }

    private func touch() {
        self.stage = .idle
        self.deadline = .now() + TimeAmount(self.wire.timeouts.idle)
    }

    /// Called by the pool's tick.
    func checkTime(_ now: NIODeadline) {
        guard self.phase != .done else { return }
        let total = self.startedAt + TimeAmount(self.wire.timeouts.total)
        if now >= total {
            self.fail(EngineFailure(.timeout(.total), message: "the call took longer than its limit"))
        } else if now >= self.deadline, !self.readingPaused {
            self.fail(EngineFailure(.timeout(self.stage), message: "no answer within the limit"))
        }
    }

    func head(_ head: AnswerHead) {
        guard self.phase == .sent else { return }
        self.phase = .answering
        // A stream's head may come long before its first token; the first-token limit goes on until bytes arrive.
        self.sink?.head(head)
    }

    func bytes(_ buffer: ByteBuffer) {
        guard self.phase == .answering else { return }
        self.produced = true
        self.touch()
        buffer.withUnsafeReadableBytes { self.sink?.bytes($0) }
    }

    /// All that has arrived was given.
    func pause() {
        guard self.phase == .answering else { return }
        self.sink?.pause()
    }

    /// The answer is whole; the connection has already been taken back.
    func end() {
        guard self.phase == .answering else { return }
        self.phase = .done
        self.connection = nil
        self.pool.finished(self)
        self.letGo()?.end()
    }

    func fail(_ failure: EngineFailure) {
        guard self.phase != .done else { return }
        self.phase = .done
        self.pool.finished(self)
        self.connection?.close()
        self.connection = nil
        var failure = failure
        failure.produced = self.produced
        failure.wasSent = self.wasSent
        self.letGo()?.failed(failure)
    }

    /// The connection closed. Before any byte of an answer a reused connection is replaced once.
    func connectionLost(_ message: String, detail: String? = nil, wasReused: Bool) {
        guard self.phase != .done else { return }
        if self.phase != .answering, wasReused, self.mayReplaceConnection {
            self.mayReplaceConnection = false
            self.connection = nil
            self.phase = .waiting
            self.stage = .connect
            self.deadline = .now() + TimeAmount(self.wire.timeouts.connect)
            self.pool.connect(self)
            return
        }
        let kind: EngineFailure.Kind = self.phase == .answering ? .fault : .unreachable
        self.fail(EngineFailure(kind, message: message, detail: detail))
    }
}

extension TimeAmount {
    init(_ duration: Duration) { self = .nanoseconds(duration.nanosecondsClamped) }
}
