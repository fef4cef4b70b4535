import Gateway
import NIOCore
import NIOHTTP1
import OpenAIWire
import Quantities

/// Answers completions and embeddings on the connection's own event loop; hands all else to the next handler.
///
/// ```
/// idle --head of a fast path--> collecting --end--> serving --answer written--> idle
///   \--head of another path--> passing --both ends--> idle
/// ```
/// The pipelining handler in front delivers the next request only after this answer's end was written, so one state
/// is enough. Lives on its channel's event loop only.
final class FastLaneHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        /// Hummingbird's: over when the request has been read and its answer written.
        case passing(requestEnded: Bool, answerEnded: Bool)
        case collecting(Incoming)
        /// The connection closes; whatever else comes on it, requests that were sent ahead too, is dropped.
        case discarding
        case serving(FastExchange)
    }

    /// A request of which more is to come.
    private struct Incoming {
        let head: HTTPRequestHead
        let endpoint: Endpoint
        let caller: Caller
        var body: ByteBuffer
    }

    /// Reserved for a body before its bytes have come, however long it claims to be.
    private static let bodyReserveMax = 64 * 1_024

    private let lane: FastLane
    private var state = State.idle
    private let pipelining: PipeliningHandler
    /// Where answers enter that are bytes already: below the encoder. Nil once the handler is removed.
    private var wire: ChannelHandlerContext?
    private var lastKey = KeyGate.LastKey()
    /// Something of Hummingbird's answer was written since the last idle event.
    private var isAnswerMoving = false

    /// - Parameter encoder: context of the handler that turns response parts into bytes.
    init(lane: FastLane, encoder: ChannelHandlerContext, pipelining: PipeliningHandler) {
        self.lane = lane
        self.wire = encoder
        self.pipelining = pipelining
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.wire = nil }

    /// The server stops: the answer under way is the connection's last.
    var isClosing: Bool { self.pipelining.isClosing }

    /// Writes bytes of an answer, around the handlers that would make them of parts (decisions 0007 and 0010).
    func write(_ bytes: ByteBuffer) { self.wire?.write(NIOAny(bytes), promise: nil) }

    func flush() { self.wire?.flush() }

    /// Writes an answer's last bytes.
    func end(_ exchange: FastExchange, with bytes: ByteBuffer) {
        guard let wire = self.wire else { return }
        let keepAlive = exchange.keepAlive && !self.isClosing
        if case .serving(let current) = self.state, current === exchange {
            self.state = keepAlive ? .idle : .discarding
        }
        if keepAlive {
            wire.writeAndFlush(NIOAny(bytes), promise: nil)
        } else {
            let channel = wire.channel
            wire.writeAndFlush(NIOAny(bytes)).whenComplete { _ in channel.close(promise: nil) }
        }
        self.pipelining.answerEnded()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.head(head, context: context, data: data)
        case .body(let bytes): self.body(bytes, context: context, data: data)
        case .end: self.end(context: context, data: data)
        }
    }

    private func head(_ head: HTTPRequestHead, context: ChannelHandlerContext, data: NIOAny) {
        if case .discarding = self.state { return }
        guard head.version.minor == 0 || head.headers.contains(name: "host") else {
            self.refuse(.invalid("The request has no Host header."), head: head, context: context)
            return
        }
        guard head.method == .POST, let endpoint = Self.endpoint(of: head.uri) else {
            self.state = .passing(requestEnded: false, answerEnded: false)
            self.allowBody(head, context: context)
            context.fireChannelRead(data)
            return
        }
        let caller: Caller
        do throws(GatewayError) {
            // Nobody without a key makes the gateway keep a body.
            caller = try self.lane.keys.caller(
                authorization: head.headers.first(name: "authorization"),
                project: head.headers.first(name: "openai-project"), last: &self.lastKey)
        } catch {
            if KeyWait.begins(for: error, head: data, keys: self.lane.keys, context: context) { return }
            self.refuse(error, head: head, context: context)
            return
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        if length > self.lane.bodyBytesMax {
            self.refuse(.client(.bodyTooLarge(maximumBytes: self.lane.bodyBytesMax)), head: head, context: context)
            return
        }
        self.allowBody(head, context: context)
        let body = context.channel.allocator.buffer(capacity: min(max(length, 0), Self.bodyReserveMax))
        self.state = .collecting(Incoming(head: head, endpoint: endpoint, caller: caller, body: body))
    }

    /// Only once nothing about the head forbids it: a refused client does not send its body for nothing.
    private func allowBody(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard head.headers.first(name: "expect")?.lowercased() == "100-continue" else { return }
        context.writeAndFlush(
            self.wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
    }

    private static func endpoint(of uri: String) -> Endpoint? {
        guard uri.utf8.count < 200 else { return nil }
        // The absolute form, as clients write it to a proxy (RFC 9112, 3.2.2).
        if uri.utf8.first != UInt8(ascii: "/") {
            for scheme in ["http://", "https://"] where uri.hasPrefix(scheme) {
                let rest = uri.dropFirst(scheme.count)
                return rest.firstIndex(of: "/").flatMap { self.endpoint(of: String(rest[$0...])) }
            }
        }
        if let query = uri.utf8.firstIndex(of: UInt8(ascii: "?")) { return Endpoint(path: String(uri[..<query])) }
        return Endpoint(path: uri)
    }

    private func body(_ bytes: ByteBuffer, context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .passing:
            context.fireChannelRead(data)
        case .collecting(var incoming):
            guard incoming.body.readableBytes + bytes.readableBytes <= self.lane.bodyBytesMax else {
                self.refuse(
                    .client(.bodyTooLarge(maximumBytes: self.lane.bodyBytesMax)), head: incoming.head,
                    context: context)
                return
            }
            // Let go of the stored copy first, so that appending does not copy the buffer.
            self.state = .idle
            var bytes = bytes
            incoming.body.writeBuffer(&bytes)
            self.state = .collecting(incoming)
        case .idle, .discarding, .serving:
            break
        }
    }

    private func end(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .passing(_, let answerEnded):
            self.state = answerEnded ? .idle : .passing(requestEnded: true, answerEnded: false)
            context.fireChannelRead(data)
        case .collecting(let incoming):
            self.serve(incoming, context: context)
        case .idle, .discarding, .serving:
            break
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .passing(let requestEnded, _) = self.state {
            self.isAnswerMoving = true
            if case .end = self.unwrapOutboundIn(data) {
                self.state = requestEnded ? .idle : .passing(requestEnded: false, answerEnded: true)
            }
        }
        context.write(data, promise: promise)
    }

    private func serve(_ incoming: Incoming, context: ChannelHandlerContext) {
        let head = incoming.head
        let exchange = FastExchange(
            id: self.lane.randomness.requestID(at: self.lane.clock.now), head: head,
            keepAlive: !self.pipelining.endsWithAnswer, context: context, handler: self)
        self.state = .serving(exchange)
        do {
            let clientID = try ClientRequestID.read(head.headers.first(name: "x-client-request-id"))
            let bytes = Array(incoming.body.readableBytesView)
            let facts: RequestFacts
            do {
                facts = try RequestFacts.scan(bytes, incoming.endpoint)
            } catch { throw GatewayError.client(error.body) }
            var request = CompletionRequest(
                id: exchange.id, caller: incoming.caller, endpoint: incoming.endpoint, body: bytes, facts: facts,
                arrivedAt: self.lane.clock.now, home: context.eventLoop)
            request.clientID = clientID
            if self.lane.completions.isTracing { request.traceparent = head.headers.first(name: "traceparent") }
            request.wishes = try WishHeaders.read(head.headers, now: request.arrivedAt)
            let served = self.lane.completions.serve(request, to: exchange)
            // A request that was refused at once has ended already, and must not be held again.
            if case .serving(let current) = self.state, current === exchange { exchange.served = served }
        } catch let error as GatewayError {
            exchange.refused(error)
        } catch {
            exchange.refused(GatewayError(source: .gateway, answer: .serverError))
        }
    }

    private func refuse(_ error: GatewayError, head: HTTPRequestHead, context: ChannelHandlerContext) {
        // The rest of the body is not read, so the connection cannot be used again.
        let exchange = FastExchange(
            id: self.lane.randomness.requestID(at: self.lane.clock.now), head: head, keepAlive: false,
            context: context, handler: self)
        self.state = .discarding
        exchange.refused(error)
    }

    private func gone() {
        guard case .serving(let exchange) = self.state else { return }
        self.state = .discarding
        exchange.clientGone()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.gone()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent, case .serving = self.state {
            // A client that closed its side has gone: nobody waits for this answer any more.
            self.gone()
            context.close(promise: nil)
            return
        }
        if event is IdleStateHandler.IdleStateEvent {
            // Half a request that never goes on, or a connection nobody uses; an answer under way may be silent longer.
            switch self.state {
            case .idle, .collecting, .discarding: context.close(promise: nil)
            case .serving: break
            case .passing:
                // A client that has stopped reading a download does not keep its connection for ever.
                if !self.isAnswerMoving { context.close(promise: nil) }
                self.isAnswerMoving = false
            }
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Broken HTTP has been answered with 400 by the handler in front. Passed on, it would be answered a second time,
    /// outside any request.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        self.gone()
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .serving(let exchange) = self.state { exchange.served?.setReading(context.channel.isWritable) }
        context.fireChannelWritabilityChanged()
    }
}
