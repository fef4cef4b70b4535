import ArgumentParser
import NIOHTTP1
import NIOSSL
import Routing
import Synchronization

/// The commands' way to a running gateway: JSON calls in memory, files as streams.
///
/// Calls that may be repeated without harm (GET, and creations with an idempotency key) are sent up to `attemptsMax`
/// times when the connection fails.
struct ServerClient: Sendable {
    static let attemptsMax = 3
    /// Before the second attempt; doubled before the third.
    static let firstPause: Duration = .milliseconds(200)

    let url: EngineURL
    private let connection: ServerConnection
    private let headers: HTTPHeaders
    private let keySource: String?

    /// - Parameter key: the API key, never logged, and where it came from.
    init(url: EngineURL, key: ServerOptions.Key?, tls: NIOSSLContext? = nil) throws(ServerFailure) {
        self.url = url
        self.keySource = key?.source
        var context = tls
        if url.isTLS, context == nil {
            do { context = try NIOSSLContext(configuration: .makeClientConfiguration()) } catch {
                throw .file("TLS cannot be set up: \(error)")
            }
        }
        self.connection = ServerConnection(url: url, tls: url.isTLS ? context : nil)
        var headers = HTTPHeaders()
        headers.add(name: "host", value: url.authority)
        headers.add(name: "user-agent", value: "ebb/\(EbbCommand.configuration.version)")
        headers.add(name: "connection", value: "close")
        if let key { headers.add(name: "authorization", value: "Bearer \(key.text)") }
        self.headers = headers
    }

    /// - Parameter path: below `/v1`, for example `/batches`.
    func get(_ path: String) async throws(ServerFailure) -> ServerAnswer {
        try await self.whole(ServerRequest(method: .GET, path: path))
    }

    /// - Parameter path: of Ebb's own, for example `/ebb/scheduler`.
    func getOwn(_ path: String) async throws(ServerFailure) -> ServerAnswer {
        try await self.whole(ServerRequest(method: .GET, path: path, isBesideAPI: true))
    }

    func post(
        _ path: String, json: [UInt8]? = nil, idempotencyKey: String? = nil
    ) async throws(ServerFailure) -> ServerAnswer {
        try await self.whole(
            ServerRequest(
                method: .POST, path: path, body: json.map { .json($0) } ?? .none, idempotencyKey: idempotencyKey))
    }

    func delete(_ path: String) async throws(ServerFailure) -> ServerAnswer {
        try await self.whole(ServerRequest(method: .DELETE, path: path))
    }

    /// `POST /v1/files`, streamed from disk as fast as the gateway takes it.
    ///
    /// - Parameters:
    ///   - filename: what the gateway calls the file; nil: the path's last part.
    ///   - fields: further form fields, `expires_after[seconds]` for example.
    func uploadFile(
        path: String, purpose: String, filename: String? = nil, fields: [(name: String, value: String)] = [],
        idempotencyKey: String? = nil
    ) async throws(ServerFailure) -> ServerAnswer {
        var boundary = "ebb-"
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2 { boundary += String(generator.next(), radix: 36) }
        let name = filename ?? path.split(separator: "/").last.map { String($0) } ?? path
        let form = try UploadForm(
            file: path, filename: name, fields: [("purpose", purpose)] + fields, boundary: boundary)
        return try await self.whole(
            ServerRequest(method: .POST, path: "/files", body: .form(form), idempotencyKey: idempotencyKey))
    }

    /// Streams an answer to a file, which gets its name when all of it has arrived.
    func download(_ path: String, to file: String) async throws(ServerFailure) {
        let target = try OutputFile(file)
        try await self.stream(path) { (bytes) throws in try target.write(bytes) }
        try target.finish()
    }

    /// Streams an answer to `sink`. Not repeated once a byte has been given to it.
    func stream(
        _ path: String, sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws(ServerFailure) {
        let begun = Atomic(false)
        _ = try await self.repeated(ServerRequest(method: .GET, path: path), unless: { begun.load(ordering: .relaxed) })
        {
            bytes in
            begun.store(true, ordering: .relaxed)
            try sink(bytes)
        }
    }

    private func whole(_ request: ServerRequest) async throws(ServerFailure) -> ServerAnswer {
        let body = Mutex<[UInt8]>([])
        let head = try await self.repeated(request, unless: { body.withLock { !$0.isEmpty } }) { bytes in
            try body.withLock {
                guard $0.count + bytes.count <= ServerAnswer.bytesMax else {
                    throw ServerFailure.strange("more than \(ServerAnswer.bytesMax) bytes")
                }
                $0.append(contentsOf: bytes)
            }
        }
        return ServerAnswer(status: Int(head.status.code), headers: head.headers, body: body.withLock { $0 })
    }

    private func repeated(
        _ request: ServerRequest, unless begun: () -> Bool,
        sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws(ServerFailure) -> HTTPResponseHead {
        let exchange = ServerExchange(
            connection: self.connection, headers: self.headers, keySource: self.keySource, request: request)
        var attempt = 1
        var pause = Self.firstPause
        while true {
            do throws(ServerFailure) {
                return try await exchange.run(sink: sink)
            } catch {
                guard Self.mayRepeat(error, request), attempt < Self.attemptsMax, !begun() else { throw error }
            }
            try? await Task.sleep(for: pause)
            attempt += 1
            pause *= 2
        }
    }

    private static func mayRepeat(_ failure: ServerFailure, _ request: ServerRequest) -> Bool {
        switch failure {
        case .unreachable, .interrupted: request.isRepeatable
        case .refused, .strange, .file, .outputClosed: false
        }
    }
}
