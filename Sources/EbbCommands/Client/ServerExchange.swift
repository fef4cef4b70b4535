import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OpenAIWire
import Routing
import Synchronization

/// One request and its answer on one connection.
///
/// Both directions run at the same time: a gateway may refuse an upload before it has read all of it.
struct ServerExchange: Sendable {
    static let errorBytesMax = 256 * 1_024

    let connection: ServerConnection
    let headers: HTTPHeaders
    /// Where the API key came from; nil without one.
    let keySource: String?
    let request: ServerRequest

    private var url: String { self.connection.url.description }

    private var uri: String {
        let url = self.connection.url
        return (self.request.isBesideAPI ? url.rootPath : url.pathPrefix) + self.request.path
    }

    /// - Parameter sink: takes the bytes of a 2xx answer as they come.
    func run(
        sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws(ServerFailure) -> HTTPResponseHead {
        let channel: ServerChannel
        do {
            channel = try await self.connection.open(group: MultiThreadedEventLoopGroup.singleton)
        } catch {
            throw .unreachable(url: self.url, reason: Self.reason(error))
        }
        let fault = Mutex<ServerFailure?>(nil)
        let answer: Answer
        do {
            answer = try await self.exchange(channel, sink: sink) { failure in fault.withLock { $0 = failure } }
        } catch let failure as ServerFailure {
            throw failure
        } catch {
            if let own = fault.withLock({ $0 }) { throw own }
            // Without TLS nothing was asked.
            if case NIOSSLError.handshakeFailed = error {
                throw .unreachable(url: self.url, reason: Self.reason(error))
            }
            throw .interrupted(url: self.url, reason: Self.reason(error))
        }
        if let own = fault.withLock({ $0 }) { throw own }
        guard let head = answer.head, answer.isComplete else {
            throw .interrupted(url: self.url, reason: "the answer ended too early")
        }
        guard (200..<300).contains(head.status.code) else {
            let body = ErrorBody(parsing: answer.errorBody, status: Int(head.status.code))
            throw .refused(
                ServerRefusal(
                    body: body, requestID: head.headers.first(name: "x-request-id"),
                    keySource: self.keySource))
        }
        return head
    }

    private struct Answer: Sendable {
        var head: HTTPResponseHead?
        var errorBody: [UInt8] = []
        var isComplete = false
    }

    /// - Parameter onFault: told of what goes wrong on this side while sending; the connection is closed then.
    private func exchange(
        _ channel: ServerChannel, sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void,
        onFault: @escaping @Sendable (ServerFailure) -> Void
    ) async throws -> Answer {
        let raw = channel.channel
        return try await channel.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self, returning: Answer.self) { group in
                group.addTask {
                    do { try await self.send(to: outbound) } catch let failure as ServerFailure {
                        onFault(failure)
                        raw.close(promise: nil)
                    }
                }
                var answer = Answer()
                for try await part in inbound {
                    switch part {
                    case .head(let head): answer.head = head
                    case .body(let buffer):
                        if let head = answer.head, (200..<300).contains(head.status.code) {
                            try buffer.withUnsafeReadableBytes(sink)
                        } else if answer.errorBody.count < Self.errorBytesMax {
                            answer.errorBody.append(contentsOf: buffer.readableBytesView)
                        }
                    case .end: answer.isComplete = true
                    }
                    if answer.isComplete { break }
                }
                group.cancelAll()
                return answer
            }
        }
    }

    private func send(to outbound: NIOAsyncChannelOutboundWriter<RequestPart>) async throws {
        var headers = self.headers
        var small: [UInt8] = []
        switch self.request.body {
        case .none:
            if self.request.method == .POST { headers.add(name: "content-length", value: "0") }
        case .json(let bytes):
            headers.add(name: "content-type", value: "application/json")
            headers.add(name: "content-length", value: String(bytes.count))
            small = bytes
        case .form(let form):
            headers.add(name: "content-type", value: form.contentType)
            if let length = form.contentLength { headers.add(name: "content-length", value: String(length)) }
        }
        if let key = self.request.idempotencyKey { headers.add(name: "idempotency-key", value: key) }
        let head = HTTPRequestHead(
            version: .http1_1, method: self.request.method, uri: self.uri,
            headers: headers)
        try await outbound.write(.head(head))
        if !small.isEmpty { try await outbound.write(.body(ByteBuffer(bytes: small))) }
        if case .form(let form) = self.request.body { try await Self.send(form, to: outbound) }
        try await outbound.write(.end(nil))
    }

    /// Reads the next piece only when the connection has taken the one before.
    private static func send(_ form: UploadForm, to outbound: NIOAsyncChannelOutboundWriter<RequestPart>) async throws {
        try await outbound.write(.body(ByteBuffer(bytes: form.head)))
        let file = try FileSource(form.file)
        var sent: Int64 = 0
        while true {
            let piece = try file.next(UploadForm.pieceBytes)
            if piece.isEmpty { break }
            sent += Int64(piece.count)
            if let size = form.fileBytes, sent > size {
                throw ServerFailure.file("\(form.file) grew while it was sent")
            }
            try await outbound.write(.body(ByteBuffer(bytes: piece)))
        }
        if let size = form.fileBytes, sent < size { throw ServerFailure.file("\(form.file) shrank while it was sent") }
        try await outbound.write(.body(ByteBuffer(bytes: form.tail)))
    }

    /// What went wrong, in the system's words where it was the system.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let failure as NIOConnectionError:
            failure.connectionErrors.first.map { Self.reason($0.error) } ?? "the name \(failure.host) is not known"
        case let failure as IOError:
            String(cString: strerror(failure.errnoCode))
        case ChannelError.connectTimeout:
            "no connection within \(ServerConnection.connectTimeout.nanoseconds / 1_000_000_000) seconds"
        case NIOSSLError.handshakeFailed:
            "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
                ? "its certificate is not trusted; --ca-file names other authorities"
                : "the TLS handshake failed (\(error))"
        case is ChannelError:
            "the gateway closed it"
        default:
            "\(error)"
        }
    }
}
