package import NIOCore
package import NIOHTTP1

/// Delivers the requests of a connection one after the other: the next one waits for the end of the answer before it.
///
/// ```
/// idle --head--> receiving --end--> answering --end of the answer--> idle
///                    \--end of the answer--> draining --end--> idle
/// ```
/// In place of SwiftNIO's pipelining and error handlers (decision 0010): those turn reading off and on around each
/// answer, which is two system calls, and every part of an answer passes through both. This one reads on until
/// a request is there that has to wait, and the fast lane tells it of its answers' ends by a call.
///
/// Lives on its channel's event loop only.
package final class PipeliningHandler: ChannelDuplexHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    private enum Phase { case idle, receiving, answering, draining }

    private enum Waiting {
        case part(NIOAny)
        case broken(HTTPParserError)
        case inputClosed
    }

    private var phase = Phase.idle
    private var waiting = CircularBuffer<Waiting>(initialCapacity: 0)
    private var context: ChannelHandlerContext?
    /// A head was written and not yet the end that belongs to it.
    private var isAnswerOpen = false
    /// Someone wants to read, and may once nothing waits any more.
    private var isReadHeld = false
    /// No request is taken after the present one.
    private var isLast = false
    /// The present request's client gets no other answer on this connection: HTTP/1.0, or it said so, or it offers or
    /// asks for another protocol, after which the parser takes in nothing more.
    private(set) package var endsWithAnswer = false
    /// The present request's client knows no chunks.
    private var isHTTP10 = false
    /// The server stops: the connection closes after the present answer.
    private(set) package var isClosing = false
    /// Guards against a recursion as deep as there are requests that waited.
    private var isDelivering = false

    package init() {}

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Counts what came out of the parser; wraps.
    private(set) package var partsRead: UInt = 0
    /// No request has begun, and no answer is due.
    package var isIdle: Bool { self.phase == .idle && self.waiting.isEmpty }
    /// A request has begun, and not all of it has come.
    package var isReceiving: Bool { self.phase == .receiving || self.phase == .draining }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.partsRead &+= 1
        if self.phase == .answering || !self.waiting.isEmpty || self.phase == .idle && !context.channel.isWritable {
            if !self.isLast { self.waiting.append(.part(data)) }
        } else if self.phase != .idle || !self.isLast {
            self.deliver(data, context: context)
        }
    }

    private func deliver(_ data: NIOAny, context: ChannelHandlerContext) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.phase = .receiving
            self.isHTTP10 = head.version == .http1_0
            self.endsWithAnswer = !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "upgrade")
            if self.endsWithAnswer { self.isLast = true }
        case .body: break
        case .end:
            self.phase = self.phase == .draining ? .idle : .answering
            if self.phase == .idle, self.isClosing || self.endsWithAnswer { context.close(promise: nil) }
        }
        context.fireChannelRead(data)
    }

    package func read(context: ChannelHandlerContext) {
        // Who does not read its answers is not read from.
        if self.waiting.isEmpty, context.channel.isWritable { context.read() } else { self.isReadHeld = true }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        self.goOn()
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            self.isAnswerOpen = true
            if self.isHTTP10 {
                head.version = .http1_0
                // The end of the connection is the end of the answer.
                if !head.headers.contains(name: "content-length") { self.endsWithAnswer = true }
            }
            if self.isClosing || self.endsWithAnswer {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        case .end:
            if self.isClosing || self.endsWithAnswer, self.phase == .answering {
                let channel = context.channel
                let written = promise ?? context.eventLoop.makePromise()
                written.futureResult.whenComplete { _ in channel.close(promise: nil) }
                context.write(data, promise: written)
            } else {
                context.write(data, promise: promise)
            }
            self.answerEnded()
        }
    }

    /// The answer that was due is written: whether through this handler, or around it by the fast lane.
    package func answerEnded() {
        self.isAnswerOpen = false
        switch self.phase {
        case .answering: self.phase = .idle
        case .receiving: self.phase = .draining
        case .idle, .draining: break
        }
        self.goOn()
    }

    private func goOn() {
        guard !self.waiting.isEmpty || self.isReadHeld, !self.isDelivering, let context = self.context else { return }
        self.deliverWaiting(context)
        guard self.isReadHeld, self.waiting.isEmpty, context.channel.isWritable else { return }
        self.isReadHeld = false
        context.read()
    }

    private func deliverWaiting(_ context: ChannelHandlerContext) {
        self.isDelivering = true
        var isPart = false
        while self.phase != .answering, self.phase != .idle || context.channel.isWritable,
            let next = self.waiting.popFirst()
        {
            switch next {
            case .part(let data):
                isPart = true
                self.deliver(data, context: context)
            case .broken(let error):
                self.refuse(error, context: context)
            case .inputClosed:
                context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            }
        }
        self.isDelivering = false
        if isPart { context.fireChannelReadComplete() }
        // A client that has closed its side after the request that runs now has gone: nobody waits for the answer.
        if case .inputClosed = self.waiting.first {
            self.waiting.removeFirst()
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            self.isClosing = true
            self.isLast = true
            if self.phase != .receiving { self.waiting.removeAll() }
            if self.phase == .idle { context.close(promise: nil) }
        case ChannelEvent.inputClosed where !self.waiting.isEmpty:
            self.waiting.append(.inputClosed)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isTooMuch = error is ByteToMessageDecoderError.PayloadTooLargeError
        guard let broken = isTooMuch ? HTTPParserError.headerOverflow : error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        if self.phase == .answering || !self.waiting.isEmpty {
            // What comes after the last request is dropped, whatever it is.
            if !self.endsWithAnswer { self.waiting.append(.broken(broken)) }
        } else {
            self.refuse(broken, context: context)
        }
    }

    /// Broken HTTP is answered with 400, a head that is too long with 431, unless the answer has begun or is out; who
    /// hears of the error closes.
    private func refuse(_ error: HTTPParserError, context: ChannelHandlerContext) {
        self.answerLast(error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest, context: context)
        self.isLast = true
        context.fireErrorCaught(error)
    }

    /// The client has stopped in the middle of its request: 408, unless an answer has begun or is out, and the end.
    package func timedOut() {
        guard let context = self.context else { return }
        self.isLast = true
        self.answerLast(.requestTimeout, context: context)
        context.close(promise: nil)
    }

    private func answerLast(_ status: HTTPResponseStatus, context: ChannelHandlerContext) {
        guard !self.isAnswerOpen, self.phase != .draining else { return }
        let headers = HTTPHeaders([("connection", "close"), ("content-length", "0")])
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output {
            // Nothing more will be answered; reading goes on, so that the end of the input is noticed.
            self.isLast = true
            if self.phase == .answering { self.waiting.removeAll() }
        }
        context.close(mode: mode, promise: promise)
        if mode == .output, self.isReadHeld, self.waiting.isEmpty {
            self.isReadHeld = false
            context.read()
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.waiting.removeAll()
        context.fireChannelInactive()
    }
}
