import NIOCore
import NIOHTTP1

/// Writing: whole answers, streams, and the faults that spoil them.
extension ConnectionHandler {
    /// Decoding steps in one write.
    private static let stepsPerWrite = 64
    private static let garbage: StaticString = "{\"simulated\":garbage"

    /// Writes what can be written of the exchange by now.
    func advance() {
        guard let exchange = self.exchange else { return }
        switch exchange.answer {
        case .never: return
        case .stream(let stream): self.advance(exchange, stream)
        case .whole(let frame):
            guard let cachedTokens = exchange.cachedTokens else { return }
            self.finish(exchange, with: frame.whole(cachedTokens: cachedTokens))
        case .embeddings(let ask):
            guard exchange.cachedTokens != nil else { return }
            self.finish(exchange, with: EmbeddingAnswer.bytes(ask: ask, options: self.core.options))
        }
    }

    private func finish(_ exchange: Exchange, with bytes: [UInt8]) {
        switch exchange.fault {
        case .cut:
            self.abandon(.fault, .faulted)
            self.writeHalf(bytes)
        case .garbage:
            self.core.note(.fault, .faulted, at: exchange.place)
            var garbage: [UInt8] = []
            garbage.append(Self.garbage)
            self.write(PlainAnswer(json: garbage), keepsAlive: exchange.keepsAlive)
        default:
            self.core.note(.ok, .finished, at: exchange.place)
            self.write(PlainAnswer(json: bytes), keepsAlive: exchange.keepsAlive)
        }
    }

    private func advance(_ exchange: Exchange, _ stream: StreamedAnswer) {
        guard let context = self.context else { return }
        if exchange.fault == .garbage {
            guard exchange.cachedTokens != nil else { return }
            self.writeGarbageStream(exchange)
            return
        }
        // A finished request has all its steps, also when their news is still under way.
        let done = exchange.cachedTokens == nil ? min(exchange.stepsDone, exchange.steps) : exchange.steps
        let end = exchange.fault == .cut ? min(done, max(1, exchange.steps / 2)) : done
        var wrote = false
        while exchange.stepsWritten < end, context.channel.isWritable {
            var bytes: [UInt8] = []
            if !exchange.hasHead {
                self.writeStreamHead(exchange)
                stream.appendStart(to: &bytes)
            }
            let upTo = min(end, exchange.stepsWritten + Self.stepsPerWrite)
            for step in exchange.stepsWritten..<upTo { stream.append(step: step, to: &bytes) }
            exchange.stepsWritten = upTo
            if upTo == exchange.steps, let cachedTokens = exchange.cachedTokens, exchange.fault != .cut {
                stream.appendEnd(cachedTokens: cachedTokens, to: &bytes)
                self.core.note(.ok, .finished, at: exchange.place)
                self.write(body: bytes)
                self.writeEnd(keepsAlive: exchange.keepsAlive)
                return
            }
            self.write(body: bytes)
            wrote = true
        }
        if wrote { context.flush() }
        if exchange.fault == .cut, exchange.stepsWritten >= max(1, exchange.steps / 2) {
            self.abandon(.fault, .faulted)
            self.closeAfterFlush()
        } else if exchange.stepsWritten == exchange.steps, let cachedTokens = exchange.cachedTokens {
            var bytes: [UInt8] = []
            stream.appendEnd(cachedTokens: cachedTokens, to: &bytes)
            self.core.note(.ok, .finished, at: exchange.place)
            self.write(body: bytes)
            self.writeEnd(keepsAlive: exchange.keepsAlive)
        }
    }

    private func writeStreamHead(_ exchange: Exchange) {
        exchange.hasHead = true
        var headers = PlainAnswer.headers(contentType: "text/event-stream; charset=utf-8")
        headers.add(name: "cache-control", value: "no-cache")
        headers.add(name: "transfer-encoding", value: "chunked")
        if !exchange.keepsAlive { headers.add(name: "connection", value: "close") }
        self.write(head: HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))
    }

    private func writeGarbageStream(_ exchange: Exchange) {
        self.writeStreamHead(exchange)
        var bytes: [UInt8] = []
        bytes.append("data: ")
        bytes.append(Self.garbage)
        bytes.append("\n\ndata: [DONE]\n\n")
        self.core.note(.fault, .faulted, at: exchange.place)
        self.write(body: bytes)
        self.writeEnd(keepsAlive: exchange.keepsAlive)
    }

    /// A whole answer and the end of the exchange.
    func write(_ answer: PlainAnswer, keepsAlive: Bool) {
        var headers = answer.headers
        headers.add(name: "content-length", value: String(answer.body.count))
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        self.write(head: HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers))
        if !answer.body.isEmpty { self.write(body: answer.body) }
        self.writeEnd(keepsAlive: keepsAlive)
    }

    /// Announces the whole body, sends its first half and closes.
    private func writeHalf(_ bytes: [UInt8]) {
        var headers = PlainAnswer.headers(contentType: "application/json")
        headers.add(name: "content-length", value: String(bytes.count))
        self.write(head: HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))
        self.write(body: Array(bytes.prefix(bytes.count / 2)))
        self.closeAfterFlush()
    }

    private func write(head: HTTPResponseHead) {
        self.context?.write(self.wrapOutboundOut(.head(head)), promise: nil)
    }

    private func write(body bytes: [UInt8]) {
        guard let context = self.context else { return }
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    private func writeEnd(keepsAlive: Bool) {
        guard let context = self.context else { return }
        if keepsAlive {
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            let channel = context.channel
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: written)
        }
        self.finishExchange(keepsAlive: keepsAlive)
    }

    /// Closes once everything before has been sent, without ending the answer.
    private func closeAfterFlush() {
        guard let context = self.context else { return }
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        let nothing = context.channel.allocator.buffer(capacity: 0)
        context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(nothing))), promise: written)
    }
}
