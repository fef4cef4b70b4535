import Gateway
import NIOCore
import NIOHTTP1
import OpenAIWire
import Quantities

/// One request and its answer on a client's connection.
///
/// `@unchecked Sendable`: all state is touched on the channel's event loop only; calls from elsewhere (the commit
/// log's thread) hop there first.
final class FastExchange: ClientSink, @unchecked Sendable {
    let id: RequestID
    private(set) var keepAlive: Bool
    /// HTTP/1.0 knows no chunks: its body ends when the connection closes.
    private let isChunked: Bool
    private let loop: any EventLoop
    private let startedAt: NIODeadline
    private var context: ChannelHandlerContext?
    private weak var handler: FastLaneHandler?
    var served: (any ServedRequest)?
    /// Events of the stream that have not been written yet.
    private var pending = ByteBuffer()

    init(
        id: RequestID, head: HTTPRequestHead, keepAlive: Bool, context: ChannelHandlerContext, handler: FastLaneHandler
    ) {
        self.id = id
        self.keepAlive = keepAlive
        self.isChunked = head.version != .http1_0
        self.loop = context.eventLoop
        self.context = context
        self.handler = handler
        self.startedAt = .now()
    }

    private func onLoop(_ body: @escaping @Sendable (FastExchange) -> Void) {
        if self.loop.inEventLoop { body(self) } else { self.loop.execute { body(self) } }
    }

    func whole(_ answer: WholeAnswer) {
        self.onLoop { $0.write(answer) }
    }

    private func write(_ answer: WholeAnswer) {
        self.send(
            status: answer.status, contentType: answer.contentType, body: answer.body, fields: Self.served(answer.tier))
    }

    func refused(_ error: GatewayError) {
        self.onLoop { exchange in
            exchange.send(
                status: error.answer.status, contentType: "application/json", body: error.bodyBytes,
                fields: ErrorHeaders.fields(for: error))
        }
    }

    private func send(status: Int, contentType: String, body: [UInt8], fields: [(String, String)] = []) {
        guard self.context != nil else { return }
        let framing = [("content-length", String(body.count))]
        var bytes = self.head(
            line: Self.statusLine(status), contentType: contentType, fields: framing + fields, room: body.count)
        bytes.writeBytes(body)
        self.end(with: bytes)
    }

    /// Only chat completions have a field that says so.
    private static func served(_ tier: TierName) -> [(String, String)] { [("ebb-service-tier", tier.text)] }

    func streamBegan(tier: TierName?) {
        self.onLoop { exchange in
            guard exchange.context != nil else { return }
            if !exchange.isChunked { exchange.keepAlive = false }
            let framing = exchange.isChunked ? [("transfer-encoding", "chunked")] : []
            let head = exchange.head(
                line: exchange.isChunked ? Self.statusLine(200) : "HTTP/1.0 200 OK",
                contentType: "text/event-stream; charset=utf-8",
                fields: [("cache-control", "no-cache")] + (tier.map(Self.served) ?? []) + framing, room: 0)
            exchange.handler?.write(head)
        }
    }

    func streamBytes(_ bytes: UnsafeRawBufferPointer) {
        if self.loop.inEventLoop {
            self.add(bytes)
        } else {
            let copy = Array(bytes)
            self.loop.execute { copy.withUnsafeBytes { self.add($0) } }
        }
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        guard let context = self.context else { return }
        if self.pending.readableBytes == 0 {
            self.pending = context.channel.allocator.buffer(capacity: bytes.count + ChunkFrame.overhead)
            ChunkFrame.begin(&self.pending)
        }
        self.pending.writeBytes(bytes)
    }

    func streamPaused() {
        self.onLoop { exchange in
            guard exchange.context != nil, exchange.writePending() else { return }
            exchange.handler?.flush()
        }
    }

    /// - Returns: false when there was nothing to write.
    private func writePending() -> Bool {
        guard let chunk = self.takePending() else { return false }
        self.handler?.write(chunk)
        return true
    }

    private func takePending() -> ByteBuffer? {
        guard self.pending.readableBytes > 0 else { return nil }
        var chunk = self.pending
        self.pending = ByteBuffer()
        ChunkFrame.end(&chunk, isChunked: self.isChunked)
        return chunk
    }

    func streamEnded(_ last: [UInt8]) {
        self.onLoop { exchange in
            guard exchange.context != nil else { return }
            last.withUnsafeBytes { if !$0.isEmpty { exchange.add($0) } }
            var bytes = exchange.takePending() ?? ByteBuffer()
            if exchange.isChunked { bytes.writeStaticString("0\r\n\r\n") }
            exchange.end(with: bytes)
        }
    }

    private func end(with bytes: ByteBuffer) {
        self.context = nil
        self.served = nil
        self.handler?.end(self, with: bytes)
    }

    func clientGone() {
        self.context = nil
        let served = self.served
        self.served = nil
        served?.clientGone()
    }

    /// The head of the answer as it goes over the wire (RFC 9112, section 4). All values are ours or came through
    /// an HTTP parser, so none has a line end in it.
    private func head(line: String, contentType: String, fields: [(String, String)], room: Int) -> ByteBuffer {
        var bytes = self.context?.channel.allocator.buffer(capacity: 320 + room) ?? ByteBuffer()
        bytes.writeString(line)
        bytes.writeStaticString("\r\ncontent-type: ")
        bytes.writeString(contentType)
        bytes.writeStaticString("\r\nx-request-id: ")
        bytes.writeString(self.id.text)
        bytes.writeStaticString("\r\nopenai-version: 2020-10-01\r\nopenai-processing-ms: ")
        bytes.writeString(String((NIODeadline.now() - self.startedAt).nanoseconds / 1_000_000))
        if !self.keepAlive || self.handler?.isClosing == true { bytes.writeStaticString("\r\nconnection: close") }
        for (name, value) in fields {
            bytes.writeStaticString("\r\n")
            bytes.writeString(name)
            bytes.writeStaticString(": ")
            bytes.writeString(value)
        }
        bytes.writeStaticString("\r\n\r\n")
        return bytes
    }

    private static func statusLine(_ status: Int) -> String {
        if status == 200 { return "HTTP/1.1 200 OK" }
        let status = HTTPResponseStatus(statusCode: status)
        return "HTTP/1.1 \(status.code) \(status.reasonPhrase)"
    }
}

/// Headers that tell SDKs what to do with an error (openai-api 1.5, 1.7).
enum ErrorHeaders {
    /// `Retry-After` (whole seconds, 1...60) for what may pass, `x-should-retry: false` for what cannot.
    static func fields(for error: GatewayError) -> [(String, String)] {
        switch error.retry {
        case .afterDelay(let delay):
            let seconds = min(60, max(1, (delay.nanosecondsClamped + 999_999_999) / 1_000_000_000))
            return [("retry-after", String(seconds))]
        case .never:
            let status = error.answer.status
            return [408, 409, 429].contains(status) || status >= 500 ? [("x-should-retry", "false")] : []
        }
    }
}
