package import NIOCore
import NIOHTTP1

/// Ends connections whose client stops in the middle of a request, and tells of those from which nothing comes at all.
///
/// Stands before the parser, as half a head never comes out of it. Looks every few seconds at what it has counted, so
/// that a request sets no timer of its own. Says nothing while an answer is due, however long that takes.
package final class RequestTimeoutHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = Any

    package static let lookInterval: TimeAmount = .seconds(10)
    /// From a head's first bytes to its end; whole looks, after the part of one at the beginning.
    package static let headLooksMax = 3
    /// Without a byte of a body that is waited for.
    package static let bodyLooksMax = 6
    /// Without a byte of anything: an idle event is told.
    package static let idleLooksMax = 60

    private let pipelining: PipeliningHandler
    private var looks: RepeatedTask?
    /// The last bytes were none of a request that has begun: they begin a head.
    private var isHeadOpen = false
    /// The next bytes are asked for. While they are not it is not the client that is slow.
    private var isReading = false
    private var headLooks = 0
    private var bodyLooks = 0
    private var idleLooks = 0

    package init(pipelining: PipeliningHandler) { self.pipelining = pipelining }

    package func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        self.looks = context.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.lookInterval, delay: Self.lookInterval
        ) { _ in own.value.look(bound.value) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.looks?.cancel()
        self.looks = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.looks?.cancel()
        self.looks = nil
        context.fireChannelInactive()
    }

    package func read(context: ChannelHandlerContext) {
        self.isReading = true
        context.read()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.isReading = false
        self.idleLooks = 0
        self.bodyLooks = 0
        let before = self.pipelining.partsRead
        context.fireChannelRead(data)
        if self.pipelining.partsRead != before {
            self.isHeadOpen = false
            self.headLooks = 0
        } else if !self.pipelining.isReceiving {
            self.isHeadOpen = true
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        self.idleLooks += 1
        if self.pipelining.isReceiving {
            if self.isReading { self.bodyLooks += 1 }
        } else if self.isHeadOpen, self.isReading, self.pipelining.isIdle {
            self.headLooks += 1
        }
        if self.bodyLooks > Self.bodyLooksMax || self.headLooks > Self.headLooksMax {
            self.pipelining.timedOut()
        } else if self.idleLooks >= Self.idleLooksMax {
            self.idleLooks = 0
            context.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
        }
    }
}
