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

    @Test("who does not read its answers is not read from, and gets no further one begun")
    func unread() throws {
        let connection = try Connection()
        try connection.request("/1")
        connection.channel.isWritable = false
        try connection.answer()
        try connection.request("/2")
        connection.channel.read()
        #expect(connection.events.seen == ["/1", "end"] && connection.reads.count == 0)
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(connection.events.seen == ["/1", "end", "/2", "end"] && connection.reads.count == 1)
    }

    @Test("an offer of another protocol makes the answer the connection's last", arguments: [true, false])
    func upgrade(isOffer: Bool) throws {
        let connection = try Connection()
        let head = HTTPRequestHead(
            version: .http1_1, method: isOffer ? .GET : .CONNECT, uri: "/1",
            headers: isOffer ? ["connection": "upgrade", "upgrade": "h2c"] : [:])
        try connection.channel.writeInbound(HTTPServerRequestPart.head(head))
        try connection.channel.writeInbound(HTTPServerRequestPart.end(nil))
        try connection.request("/2")
        try connection.answer()
        #expect(try connection.written() == ["200 close"])
        #expect(connection.events.seen == ["/1", "end"] && !connection.channel.isActive)
    }

    @Test("what the parser does not take in is not kept: 431, and the end")
    func overflow() throws {
        let connection = try Connection()
        connection.channel.pipeline.fireErrorCaught(ByteToMessageDecoderError.PayloadTooLargeError())
        #expect(try connection.written() == ["431 close"])
        #expect(connection.events.seen == ["broken"])
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

    @Test(
        "a connection of a client that keeps none alive closes after the answer",
        arguments: [
            ("GET /1 HTTP/1.0\r\n\r\n", false), ("GET /1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", false),
            ("GET /1 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", true), ("GET /1 HTTP/1.1\r\nhost: a\r\n\r\n", true),
        ])
    func closes(_ request: String, staysOpen: Bool) throws {
        let wire = try Wire()
        try wire.send(request + request)
        #expect(wire.events.seen == ["/1", "end"])
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "0"])
        try wire.channel.writeOutbound(HTTPServerResponsePart.head(head))
        try wire.channel.writeOutbound(HTTPServerResponsePart.end(nil))
        #expect(wire.channel.isActive == staysOpen)
        #expect(wire.events.seen.count == (staysOpen ? 4 : 2), "nothing is taken after the last answer")
        #expect(try wire.said.contains("connection: close") != staysOpen)
    }

    @Test("an answer of unknown length ends with the connection for a client that knows no chunks")
    func noChunks() throws {
        let wire = try Wire()
        try wire.send("GET /1 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        try wire.channel.writeOutbound(HTTPServerResponsePart.head(.init(version: .http1_1, status: .ok)))
        try wire.channel.writeOutbound(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "ab"))))
        try wire.channel.writeOutbound(HTTPServerResponsePart.end(nil))
        let said = try wire.said
        #expect(said.hasSuffix("\r\n\r\nab") && !said.contains("chunked") && !wire.channel.isActive, "\(said)")
    }

    /// A connection with its parser, to which bytes are sent.
    private struct Wire {
        let channel = EmbeddedChannel()
        let pipelining = PipeliningHandler()
        let events = Events()

        init() throws {
            let pipeline = self.channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(RequestTimeoutHandler(pipelining: self.pipelining))
            try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
            try pipeline.addHandlers([self.pipelining, self.events])
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func send(_ text: String) throws {
            try self.channel.writeInbound(ByteBuffer(string: text))
            self.channel.read()
        }

        /// Whether it is still open after so many seconds more.
        func isOpen(after seconds: Int64) -> Bool {
            self.channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
            return self.channel.isActive
        }

        var said: String {
            get throws {
                var text = ""
                while var bytes = try self.channel.readOutbound(as: ByteBuffer.self) {
                    text += bytes.readString(length: bytes.readableBytes) ?? ""
                }
                return text
            }
        }

        static let wholeHead = "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n"
    }

    @Test("half a head is answered with 408 after half a minute, however slowly more of it comes")
    func halfHead() throws {
        let wire = try Wire()
        try wire.send("POST /1 HT")
        #expect(wire.isOpen(after: 35))
        try wire.send("TP/1.1\r\n")
        #expect(!wire.isOpen(after: 10))
        #expect(try wire.said.hasPrefix("HTTP/1.1 408 "))
    }

    @Test("a body that stops is answered with 408, one that comes slowly or is not asked for is waited for")
    func stoppedBody() throws {
        let wire = try Wire()
        try wire.send(Wire.wholeHead)
        #expect(wire.isOpen(after: 55))
        try wire.send("a")
        #expect(wire.isOpen(after: 55))
        #expect(!wire.isOpen(after: 10))
        #expect(try wire.said.hasPrefix("HTTP/1.1 408 "))
        let held = try Wire()
        try held.channel.writeInbound(ByteBuffer(string: Wire.wholeHead + "a"))
        #expect(held.isOpen(after: 300))
    }

    @Test("an answer that is long in coming, and a connection that rests, are left alone")
    func patience() throws {
        let wire = try Wire()
        try wire.send(Wire.wholeHead + "abc")
        #expect(wire.isOpen(after: 500))
        try wire.send("GET /ahead")
        #expect(wire.isOpen(after: 500))
        let idle = try Wire()
        #expect(idle.isOpen(after: 500))
        #expect(try wire.said.isEmpty && idle.said.isEmpty)
    }
}
