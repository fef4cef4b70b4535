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
        var headers = self.headers(contentType: answer.contentType)
        headers.add(name: "content-length", value: String(answer.body.count))
        self.send(status: answer.status, headers: headers, body: answer.body)
    }

    func refused(_ error: GatewayError) {
        self.onLoop { exchange in
            let body = error.bodyBytes
            var headers = exchange.headers(contentType: "application/json")
            headers.add(name: "content-length", value: String(body.count))
            ErrorHeaders.add(to: &headers, for: error)
            exchange.send(status: error.answer.status, headers: headers, body: body)
        }
    }

    private func send(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        guard let context = self.context else { return }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
        self.handler?.writeFramed(context.channel.allocator.buffer(bytes: body))
        self.end()
    }

    func streamBegan(tier: TierName) {
        self.onLoop { exchange in
            guard let context = exchange.context else { return }
            if !exchange.isChunked { exchange.keepAlive = false }
            var headers = exchange.headers(contentType: "text/event-stream; charset=utf-8")
            headers.add(name: "cache-control", value: "no-cache")
            let head = HTTPResponseHead(
                version: exchange.isChunked ? .http1_1 : .http1_0, status: .ok, headers: headers)
            context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
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
            exchange.handler?.flushFramed()
        }
    }

    /// - Returns: false when there was nothing to write.
    private func writePending() -> Bool {
        guard self.pending.readableBytes > 0 else { return false }
        var chunk = self.pending
        self.pending = ByteBuffer()
        ChunkFrame.end(&chunk, isChunked: self.isChunked)
        self.handler?.writeFramed(chunk)
        return true
    }

    func streamEnded(_ last: [UInt8]) {
        self.onLoop { exchange in
            guard exchange.context != nil else { return }
            last.withUnsafeBytes { if !$0.isEmpty { exchange.add($0) } }
            _ = exchange.writePending()
            exchange.end()
        }
    }

    private func end() {
        guard let context = self.context else { return }
        self.context = nil
        self.served = nil
        self.handler?.finished(self)
        if self.keepAlive {
            context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: nil)
        } else {
            let channel = context.channel
            context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil))).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
    }

    func clientGone() {
        self.context = nil
        let served = self.served
        self.served = nil
        served?.clientGone()
    }

    private func headers(contentType: String) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserveCapacity(8)
        headers.add(name: "content-type", value: contentType)
        headers.add(name: "x-request-id", value: self.id.text)
        headers.add(name: "openai-version", value: "2020-10-01")
        let elapsed = (NIODeadline.now() - self.startedAt).nanoseconds / 1_000_000
        headers.add(name: "openai-processing-ms", value: String(elapsed))
        if !self.keepAlive { headers.add(name: "connection", value: "close") }
        return headers
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

    static func add(to headers: inout HTTPHeaders, for error: GatewayError) {
        for (name, value) in self.fields(for: error) { headers.add(name: name, value: value) }
    }
}
