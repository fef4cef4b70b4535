import HTTPAPI
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@Suite("Requests of a connection, one after the other")
struct PipeliningHandlerTests {
    /// Records what gets through, and counts reads that reach the socket.
    private final class Reads: ChannelOutboundHandler {
        typealias OutboundIn = Any
        var count = 0
        func read(context: ChannelHandlerContext) {
            self.count += 1
            context.read()
        }
    }

    private final class Events: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        var seen: [String] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .head(let head): self.seen.append(head.uri)
            case .body: self.seen.append("body")
            case .end: self.seen.append("end")
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent { self.seen.append("gone") }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { self.seen.append("broken") }
    }

    private struct Connection {
        let channel = EmbeddedChannel()
        let reads = Reads()
        let pipelining = PipeliningHandler()
        let events = Events()

        init() throws {
            try self.channel.pipeline.syncOperations.addHandlers([self.reads, self.pipelining, self.events])
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func request(_ uri: String) throws {
            let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: uri)
            try self.channel.writeInbound(HTTPServerRequestPart.head(head))
            try self.channel.writeInbound(HTTPServerRequestPart.end(nil))
        }

        func answer() throws {
            let head = HTTPResponseHead(version: .http1_1, status: .ok)
            try self.channel.writeOutbound(HTTPServerResponsePart.head(head))
            try self.channel.writeOutbound(HTTPServerResponsePart.end(nil))
        }

        func written() throws -> [String] {
            var parts: [String] = []
            while let part = try self.channel.readOutbound(as: HTTPServerResponsePart.self) {
                guard case .head(let head) = part else { continue }
                parts.append("\(head.status.code) \(head.headers["connection"].joined())")
            }
            return parts
        }
    }

    @Test("the next request waits for the answer, and with it reading")
    func order() throws {
        let connection = try Connection()
        try connection.request("/1")
        connection.channel.read()
        #expect(connection.reads.count == 1, "while an answer is due reading goes on")
        try connection.request("/2")
        try connection.request("/3")
        connection.channel.read()
        #expect(connection.events.seen == ["/1", "end"])
        #expect(connection.reads.count == 1, "what waits is not added to")
        try connection.answer()
        #expect(connection.events.seen == ["/1", "end", "/2", "end"])
        connection.pipelining.answerEnded()
        #expect(connection.events.seen == ["/1", "end", "/2", "end", "/3", "end"])
        #expect(connection.reads.count == 2, "nothing waits any more")
    }

    @Test("an answer before the request's end does not let the rest be taken for a request")
    func early() throws {
        let connection = try Connection()
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/1")
        try connection.channel.writeInbound(HTTPServerRequestPart.head(head))
        try connection.answer()
        try connection.channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "x")))
        try connection.channel.writeInbound(HTTPServerRequestPart.end(nil))
        try connection.request("/2")
        #expect(connection.events.seen == ["/1", "body", "end", "/2", "end"])
    }

    @Test("a client that leaves is noticed at once, one that sent ahead after its turn")
    func gone() throws {
        let connection = try Connection()
        try connection.request("/1")
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(connection.events.seen == ["/1", "end", "gone"])

        let ahead = try Connection()
        try ahead.request("/1")
        try ahead.request("/2")
        ahead.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(ahead.events.seen == ["/1", "end"])
        try ahead.answer()
        #expect(ahead.events.seen == ["/1", "end", "/2", "end", "gone"])
    }

    @Test("broken HTTP is answered with 400, after the answers that are due")
    func broken() throws {
        let connection = try Connection()
        try connection.request("/1")
        connection.channel.pipeline.fireErrorCaught(HTTPParserError.invalidMethod)
        #expect(connection.events.seen == ["/1", "end"])
        #expect(try connection.written().isEmpty)
        try connection.answer()
        #expect(connection.events.seen == ["/1", "end", "broken"])
        #expect(try connection.written() == ["200 ", "400 close"])
    }

    @Test("when the server stops, an idle connection closes and a busy one after its answer")
    func stop() throws {
        let idle = try Connection()
        idle.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!idle.channel.isActive)

        let busy = try Connection()
        try busy.request("/1")
        try busy.request("/2")
        busy.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(busy.channel.isActive)
        try busy.answer()
        #expect(try busy.written() == ["200 close"])
        #expect(!busy.channel.isActive)
        #expect(busy.events.seen == ["/1", "end"])
    }
}
