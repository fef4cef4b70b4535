import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection to 127.0.0.1 that sends text and waits for text; HTTP is read by hand so that broken answers show.
final class LoopbackClient: Sendable {
    /// An answer as it came; `isComplete` says whether its framing was kept to the end.
    struct Answer: Sendable {
        var status = 0
        var headers: [String: String] = [:]
        var body = ""
        var isComplete = false
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let chunks: AsyncStream<[UInt8]>.Continuation

        init(_ chunks: AsyncStream<[UInt8]>.Continuation) { self.chunks = chunks }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.chunks.yield(Array(self.unwrapInboundIn(data).readableBytesView))
        }
        func channelInactive(context: ChannelHandlerContext) { self.chunks.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.chunks.finish()
            context.close(promise: nil)
        }
    }

    private let channel: any Channel
    private let chunks: AsyncStream<[UInt8]>
    private let unread = Mutex<[UInt8]>([])

    private init(channel: any Channel, chunks: AsyncStream<[UInt8]>) {
        self.channel = channel
        self.chunks = chunks
    }

    static func connect(port: Int, group: any EventLoopGroup) async throws -> LoopbackClient {
        let (chunks, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return LoopbackClient(channel: channel, chunks: chunks)
    }

    func close() async { try? await self.channel.close().get() }

    func send(_ text: String) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    func post(_ path: String, _ body: String, headers: [String: String] = [:]) async throws {
        let extra = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        try await self.send(
            "POST \(path) HTTP/1.1\r\nhost: engine\r\n\(extra)content-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    func request(_ method: String, _ path: String) async throws -> Answer {
        try await self.send("\(method) \(path) HTTP/1.1\r\nhost: engine\r\n\r\n")
        return await self.answer()
    }

    func ask(_ path: String, _ body: String, headers: [String: String] = [:]) async throws -> Answer {
        try await self.post(path, body, headers: headers)
        return await self.answer()
    }

    /// Reads until the text so far contains `text`; false when the connection ended before.
    func read(until text: String) async -> Bool {
        while !self.unreadText.contains(text) {
            guard await self.readMore() else { return false }
        }
        return true
    }

    private var unreadText: String { String(decoding: self.unread.withLock { $0 }, as: UTF8.self) }

    private func readMore() async -> Bool {
        for await chunk in self.chunks {
            self.unread.withLock { $0 += chunk }
            return true
        }
        return false
    }

    /// Reads one answer to its end or to the end of the connection.
    func answer() async -> Answer {
        var answer = Answer()
        guard await self.read(until: "\r\n\r\n") else { return answer }
        let text = self.unreadText
        guard let end = text.utf8Offset(of: "\r\n\r\n") else { return answer }
        let lines = String(decoding: text.utf8.prefix(end), as: UTF8.self).split(separator: "\r\n")
        self.unread.withLock { $0.removeFirst(end + 4) }
        answer.status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            answer.headers[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
        }
        if let length = answer.headers["content-length"].flatMap({ Int($0) }) {
            answer.isComplete = await self.take(length, into: &answer.body)
        } else if answer.headers["transfer-encoding"] == "chunked" {
            answer.isComplete = await self.takeChunks(into: &answer.body)
        }
        return answer
    }

    private func take(_ count: Int, into body: inout String) async -> Bool {
        while self.unread.withLock({ $0.count }) < count {
            guard await self.readMore() else {
                body += self.unreadText
                return false
            }
        }
        body += self.unread.withLock { unread in
            let text = String(decoding: unread.prefix(count), as: UTF8.self)
            unread.removeFirst(count)
            return text
        }
        return true
    }

    private func takeChunks(into body: inout String) async -> Bool {
        while true {
            guard await self.read(until: "\r\n") else { return false }
            let text = self.unreadText
            guard let end = text.utf8Offset(of: "\r\n") else { return false }
            let size = Int(String(decoding: text.utf8.prefix(end), as: UTF8.self), radix: 16) ?? 0
            self.unread.withLock { $0.removeFirst(end + 2) }
            var chunk = ""
            let isWhole = await self.take(size + 2, into: &chunk)
            body += size == 0 ? "" : isWhole ? String(chunk.dropLast()) : chunk
            if !isWhole { return false }
            if size == 0 { return true }
        }
    }
}

extension String {
    /// How many bytes precede the first occurrence of `text`.
    func utf8Offset(of text: String) -> Int? {
        let bytes = Array(self.utf8)
        let wanted = Array(text.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: wanted) }
    }
}
