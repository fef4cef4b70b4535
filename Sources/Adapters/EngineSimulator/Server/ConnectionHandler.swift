import NIOCore
import NIOHTTP1

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One connection: collects requests, answers them one after another, and cancels the work of a client that goes away.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Requests that a client may send ahead of their answers.
    static let pipelinedMax = 64

    let core: SimulatorCore
    let routes: Routes
    private var sink: ModelSink?
    private(set) var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private var isTooLarge = false
    private var waiting: [(head: HTTPRequestHead, body: ByteBuffer?)] = []
    /// True from a request's first answer byte to its last, and while its work runs.
    var isBusy = false
    var exchange: Exchange?

    init(core: SimulatorCore, routes: Routes) {
        self.core = core
        self.routes = routes
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.sink = ModelSink(loop: context.eventLoop, handler: NIOLoopBound(self, eventLoop: context.eventLoop))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.sink = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body = nil
            self.isTooLarge = false
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                let proceed = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(self.wrapOutboundOut(.head(proceed)), promise: nil)
            }
        case .body(var part):
            if (self.body?.readableBytes ?? 0) + part.readableBytes > self.core.options.bodyBytesMax {
                self.isTooLarge = true
                self.body = nil
            } else if !self.isTooLarge, self.body == nil {
                self.body = part
            } else if !self.isTooLarge {
                self.body?.writeBuffer(&part)
            }
        case .end:
            guard let head = self.head else { return }
            self.head = nil
            let body = self.body
            self.body = nil
            if self.isBusy || self.isTooLarge {
                self.postpone(head, body)
            } else {
                self.serve(head, body)
            }
        }
    }

    private func postpone(_ head: HTTPRequestHead, _ body: ByteBuffer?) {
        if self.isTooLarge, !self.isBusy {
            self.core.note(.refused)
            let refusal = RequestRefusal(
                status: 413, type: "BadRequestError",
                message: "The body is larger than \(self.core.options.bodyBytesMax) bytes.")
            self.write(PlainAnswer(refusal: refusal), keepsAlive: false)
        } else if self.isTooLarge || self.waiting.count >= Self.pipelinedMax {
            self.context?.close(promise: nil)
        } else {
            self.waiting.append((head, body))
        }
    }

    private func serve(_ head: HTTPRequestHead, _ body: ByteBuffer?) {
        self.isBusy = true
        switch self.routes.route(head, body, sink: self.sink) {
        case .plain(let answer): self.write(answer, keepsAlive: head.isKeepAlive)
        case .exchange(let answer, let start):
            self.exchange = Exchange(answer: answer, keepsAlive: head.isKeepAlive, start: start)
            self.advance()
        case .reset: self.reset()
        }
    }

    /// The model made progress with a request of this connection.
    func receive(_ action: EngineModel.Action) {
        guard let exchange = self.exchange else { return }
        switch action {
        case .steps(exchange.id, let count): exchange.stepsDone += count
        case .finished(exchange.id, let cachedTokens): exchange.cachedTokens = cachedTokens
        // Late news of a request that has ended.
        default: return
        }
        self.advance()
    }

    /// The answer is written: the next request's turn.
    func finishExchange(keepsAlive: Bool) {
        self.exchange = nil
        self.isBusy = false
        guard keepsAlive, !self.waiting.isEmpty else { return }
        let next = self.waiting.removeFirst()
        self.serve(next.head, next.body)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.advance() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.abandon(.cancelled, .cancelled)
        self.waiting = []
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Ends the exchange without a whole answer and frees its slot.
    func abandon(_ outcome: Outcome, _ event: ExecutionLog.Event) {
        guard let exchange = self.exchange else { return }
        self.exchange = nil
        self.core.cancel(exchange.id)
        if case .never = exchange.answer {
            self.core.note(.fault)
        } else {
            self.core.note(outcome, event, at: exchange.place)
        }
    }

    /// Closes with RST: the kernel drops what was not sent when no time to linger is left.
    private func reset() {
        guard let context = self.context else { return }
        let channel = context.channel
        guard let provider = channel as? any SocketOptionProvider else {
            channel.close(promise: nil)
            return
        }
        provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
