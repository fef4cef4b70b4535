import Gateway
import NIOCore
import NIOHTTP1
import NIOTLS
import OpenAIWire
import Quantities
import Routing

/// One connection to an engine; runs one call at a time.
///
/// `@unchecked Sendable`: lives on its channel's event loop only.
final class EngineConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let engine: EngineID
    private let pool: LoopPool
    private let writer: RequestWriter
    private var context: ChannelHandlerContext?
    private var call: RunningCall?
    private var isReused = false
    /// A TLS connection is open before anything can be written to it.
    private var isHandshaking: Bool
    private var keepAlive = true
    private var errorHead: HTTPResponseHead?
    private var errorBody: [UInt8] = []
    /// The parts of an answer's body that came in one read. They are given together: whoever takes them takes a lock
    /// and looks at the clock.
    private var arrived = ByteBuffer()
    var idleSince: NIODeadline = .now()

    init(engine: EngineID, pool: LoopPool, writer: RequestWriter, isTLS: Bool) {
        self.engine = engine
        self.pool = pool
        self.writer = writer
        self.isHandshaking = isTLS
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    var isUsable: Bool { self.context?.channel.isActive == true && self.call == nil }

    func close() { self.context?.close(promise: nil) }

    func setReading(_ reading: Bool) {
        guard let channel = self.context?.channel else { return }
        channel.setOption(.autoRead, value: reading).whenComplete { _ in if reading { channel.read() } }
    }

    func run(_ call: RunningCall, isReused: Bool) {
        guard let context = self.context, context.channel.isActive else {
            call.connectionLost("the connection closed before it was used", wasReused: isReused)
            return
        }
        self.call = call
        self.isReused = isReused
        self.keepAlive = true
        self.errorHead = nil
        self.errorBody = []
        self.arrived.clear()
        if self.isHandshaking { call.awaitsHandshake(of: self) } else { self.send(call, context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            self.isHandshaking = false
            if let call = self.call, !call.isDone { self.send(call, context) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func send(_ call: RunningCall, _ context: ChannelHandlerContext) {
        call.attached(self)
        context.write(self.wrapOutboundOut(.head(Self.announced)), promise: nil)
        self.writer.send(call.wire, headers: self.pool.headers(for: self.engine))
    }

    /// What the decoder of answers needs to know of a request: that it is neither HEAD nor CONNECT.
    private static let announced = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.keepAlive = head.isKeepAlive
            if (200..<300).contains(head.status.code) {
                let type = head.headers.first(name: "content-type") ?? ""
                self.call?.head(AnswerHead(status: Int(head.status.code), contentType: type))
            } else {
                self.errorHead = head
            }
        case .body(let buffer):
            if self.errorHead == nil {
                self.arrived.writeImmutableBuffer(buffer)
                if self.arrived.readableBytes >= Self.givenAtOnce { self.give() }
            } else if self.errorBody.count < EngineLimits.errorBytesMax {
                self.errorBody.append(contentsOf: buffer.readableBytesView)
            }
        case .end:
            self.finish(context: context)
        }
    }

    /// Bytes that are given before the read is over.
    private static let givenAtOnce = 65_536
    /// Bytes of memory that a connection keeps for the next read.
    private static let keptRoom = 8_192

    private func give() {
        guard self.arrived.readableBytes > 0 else { return }
        var bytes = self.arrived
        // Whoever takes them may close this connection.
        self.arrived = ByteBuffer()
        self.call?.bytes(bytes)
        bytes.clear()
        if bytes.capacity <= Self.keptRoom { self.arrived = bytes }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.give()
        self.call?.pause()
        context.fireChannelReadComplete()
    }

    private func finish(context: ChannelHandlerContext) {
        self.give()
        let call = self.call
        self.call = nil
        let head = self.errorHead
        if self.keepAlive { self.pool.giveBack(self) } else { context.close(promise: nil) }
        guard let call else { return }
        if let head {
            call.fail(self.failure(head))
        } else {
            // What came with the end does not wait for the charge that `end` commits.
            call.pause()
            call.end()
        }
    }

    private func failure(_ head: HTTPResponseHead) -> EngineFailure {
        let body = ErrorBody(parsing: self.errorBody, status: Int(head.status.code))
        return FailureClassifier.classify(
            status: Int(head.status.code), code: body.code ?? "", type: body.type, message: body.message,
            retryAfter: RetryAfter.read { head.headers.first(name: $0) }, body: self.errorBody)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.pool.forget(self)
        self.give()
        let call = self.call
        self.call = nil
        call?.connectionLost("the engine closed the connection", wasReused: self.isReused)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.give()
        let call = self.call
        self.call = nil
        call?.connectionLost(
            ConnectionTrouble(error: error).words, detail: "\(error)", wasReused: self.isReused)
        context.close(promise: nil)
    }
}
