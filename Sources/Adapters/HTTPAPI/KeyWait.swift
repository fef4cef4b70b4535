import Gateway
import NIOCore
import NIOHTTP1

/// Holds a request with an unknown key back until the store was looked at once more, for keys that were just made.
///
/// Stands in front of the fast lane for so long only; nothing more is read from the client meanwhile.
final class KeyWait: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = NIOAny

    private var parts: [NIOAny]
    private var isWaiting = true
    private var wantsRead = false

    private init(head: NIOAny) { self.parts = [head] }

    /// Takes the request, to give it again once its key may be known.
    ///
    /// - Returns: false when it is to be refused now: for another reason, or because the look was in vain.
    static func begins(
        for error: GatewayError, head: NIOAny, keys: KeyGate, context: ChannelHandlerContext
    ) -> Bool {
        let pipeline = context.pipeline.syncOperations
        guard KeyGate.isUnknownKey(error), (try? pipeline.handler(type: KeyWait.self)) == nil else { return false }
        let wait = KeyWait(head: head)
        do { try pipeline.addHandler(wait, position: .before(context.handler)) } catch { return false }
        let looked = context.eventLoop.makePromise(of: Void.self)
        looked.completeWithTask { await keys.lookAgain() }
        looked.futureResult.assumeIsolated().whenComplete { _ in wait.goOn() }
        return true
    }

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.parts = []
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { self.parts.append(data) }

    func read(context: ChannelHandlerContext) {
        if self.isWaiting { self.wantsRead = true } else { context.read() }
    }

    private func goOn() {
        guard let context = self.context else { return }
        self.isWaiting = false
        // More may come while these are given: it goes in its turn.
        while !self.parts.isEmpty { context.fireChannelRead(self.parts.removeFirst()) }
        // An answer may have closed the connection.
        guard self.context != nil else { return }
        context.fireChannelReadComplete()
        if self.wantsRead { context.read() }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
