import EngineHTTP
import EngineSimulator
import Gateway
import NIOCore
import NIOPosix
import Quantities
import Routing
import Synchronization
import Testing

/// Collects one answer and lets a test wait for its end.
private final class CollectingSink: AnswerSink {
    private struct State {
        var head: AnswerHead?
        var body: [UInt8] = []
        var result: Result<Void, EngineFailure>?
        var waiter: CheckedContinuation<Void, Never>?
        var firstByte: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var body: String { self.state.withLock { String(decoding: $0.body, as: UTF8.self) } }
    var head: AnswerHead? { self.state.withLock { $0.head } }
    var failure: EngineFailure? {
        self.state.withLock { if case .failure(let failure)? = $0.result { failure } else { nil } }
    }

    func head(_ head: AnswerHead) { self.state.withLock { $0.head = head } }

    func bytes(_ bytes: UnsafeRawBufferPointer) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.body.append(contentsOf: bytes)
            defer { state.firstByte = nil }
            return state.firstByte
        }
        waiter?.resume()
    }

    func end() { self.finish(.success(())) }
    func failed(_ failure: EngineFailure) { self.finish(.failure(failure)) }

    private func finish(_ result: Result<Void, EngineFailure>) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            precondition(state.result == nil, "an answer ends once")
            state.result = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = self.state.withLock { state -> Bool in
                if state.result == nil { state.waiter = continuation }
                return state.result != nil
            }
            if isOver { continuation.resume() }
        }
    }

    func waitForBytes() async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state -> Bool in
                if state.body.isEmpty { state.firstByte = continuation }
                return !state.body.isEmpty
            }
            if isThere { continuation.resume() }
        }
    }
}

/// Answers the first request; at the second it closes its port, and then the connection.
private final class LeavingServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var hasAnswered = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.hasAnswered else {
            self.hasAnswered = true
            let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            context.writeAndFlush(self.wrapOutboundOut(answer), promise: nil)
            return
        }
        let channel = context.channel
        channel.parent?.close().whenComplete { _ in channel.close(promise: nil) }
    }
}

@Suite("Engine connections", .timeLimit(.minutes(1)))
struct HTTPEngineClientTests {
    private static let group = MultiThreadedEventLoopGroup.singleton
    private static let question = Array(
        #"{"model":"sim","messages":[{"role":"user","content":"hello"}],"max_tokens":4}"#.utf8)

    private static func request(
        _ port: Int, stream: Bool = false, body: [UInt8]? = nil, timeouts: EngineTimeouts = EngineTimeouts()
    ) throws -> EngineRequest {
        let engine = Engine(
            id: "sim", url: try EngineURL("http://127.0.0.1:\(port)"), kind: .simulated, timeouts: timeouts)
        return EngineRequest(
            engine: engine, path: "/chat/completions", body: body ?? Self.question, isStream: stream,
            request: "req_1")
    }

    private static func ask(_ client: HTTPEngineClient, _ request: EngineRequest) async -> CollectingSink {
        let sink = CollectingSink()
        _ = client.send(request, to: sink)
        await sink.waitForEnd()
        return sink
    }

    /// Runs `body` with an engine and a client, and ends both.
    private static func withEngine(
        _ change: (inout SimulatorOptions) -> Void = { _ in },
        _ body: (HTTPEngineClient, SimulatedEngine) async throws -> Void
    ) async throws {
        var options = SimulatorOptions()
        options.model = "sim"
        change(&options)
        let engine = try await SimulatedEngine.start(options: options, group: Self.group)
        let client = HTTPEngineClient(group: Self.group)
        try await body(client, engine)
        await client.shutdown()
        try await engine.shutdown()
    }

    @Test("answers arrive whole and their connection is used again")
    func reuse() async throws {
        try await Self.withEngine { client, engine in
            let home = Self.group.next()
            for _ in 0..<20 {
                var request = try Self.request(engine.port)
                request.home = home
                let sink = await Self.ask(client, request)
                #expect(sink.head?.status == 200 && sink.body.contains("simulated"))
            }
            #expect(engine.openConnections == 1)
        }
    }

    @Test("an error answer arrives classified, with the engine's own body")
    func classified() async throws {
        try await Self.withEngine { client, engine in
            let sink = await Self.ask(client, try Self.request(engine.port, body: Array("{".utf8)))
            #expect(sink.failure?.kind == .clientFault && sink.failure?.status == 400)
            #expect(sink.failure?.body.isEmpty == false)
        }
    }

    @Test("a stopped engine is unreachable, also over a connection that was idle")
    func unreachable() async throws {
        var options = SimulatorOptions()
        options.model = "sim"
        let engine = try await SimulatedEngine.start(options: options, group: Self.group)
        let client = HTTPEngineClient(group: Self.group)
        _ = await Self.ask(client, try Self.request(engine.port))
        let port = engine.port
        try await engine.shutdown()
        let sink = await Self.ask(client, try Self.request(port))
        #expect(sink.failure?.kind == .unreachable)
        await client.shutdown()
    }

    @Test("what is wrong with a connection is said in plain words, and a library's own words apart")
    func words() async throws {
        try await Self.withEngine { client, engine in
            let gone = try await SimulatedEngine.start(options: SimulatorOptions(), group: Self.group)
            try await gone.shutdown()
            let wrong = [
                ("http://127.0.0.1:\(gone.port)", "connection refused"),
                ("http://no-such-host.invalid:80", "no address was found for the name 'no-such-host.invalid'"),
                (
                    "https://127.0.0.1:\(engine.port)",
                    "the TLS handshake failed: the engine closed the connection, as one without TLS may"
                ),
            ]
            for (url, words) in wrong {
                var request = try Self.request(engine.port)
                request.engine = Engine(id: "wrong", url: try EngineURL(url), kind: .simulated)
                let failure = try #require(await Self.ask(client, request).failure)
                #expect(failure.kind == .unreachable && failure.message.contains(words), "\(failure)")
                #expect(!["NIO", "errno", "SSLError", "IOError"].contains { failure.message.contains($0) })
                #expect(failure.detail != nil)
                #expect(failure.isOfReach, "nothing was written to it")
            }
        }
    }

    @Test("a connection that never gets through its TLS handshake runs into the connect limit")
    func handshake() async throws {
        let silent = try await ServerBootstrap(group: Self.group).bind(host: "127.0.0.1", port: 0).get()
        let client = HTTPEngineClient(group: Self.group)
        let port = try #require(silent.localAddress?.port)
        var request = try Self.request(port)
        request.engine = Engine(
            id: "silent", url: try EngineURL("https://127.0.0.1:\(port)"), kind: .simulated,
            timeouts: EngineTimeouts(connect: .milliseconds(200), firstToken: .seconds(5)))
        let failure = try #require(await Self.ask(client, request).failure)
        #expect(failure.kind == .timeout(.connect) && failure.isOfReach)
        await client.shutdown()
        try await silent.close()
    }

    @Test("a request that was written counts as sent, though the connection that replaces its first one fails")
    func writtenBefore() async throws {
        let server = try await ServerBootstrap(group: Self.group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(LeavingServer()) }
        }.bind(host: "127.0.0.1", port: 0).get()
        let client = HTTPEngineClient(group: Self.group)
        var request = try Self.request(try #require(server.localAddress?.port))
        request.home = Self.group.next()
        #expect(await Self.ask(client, request).head?.status == 200)
        let failure = try #require(await Self.ask(client, request).failure)
        #expect(failure.kind == .unreachable && failure.message.contains("connection refused"), "\(failure)")
        #expect(failure.wasSent && !failure.isOfReach)
        await client.shutdown()
    }

    @Test("an engine that takes no connections runs into the connect limit")
    func connect() async throws {
        let address = try FullAddress()
        defer { address.close() }
        let client = HTTPEngineClient(group: Self.group)
        // The total is below what a socket waits by itself, so that it would end the call if this limit did not.
        let limits = EngineTimeouts(connect: .milliseconds(200), total: .seconds(5))
        let sink = await Self.ask(client, try Self.request(address.port, timeouts: limits))
        #expect(sink.failure?.kind == .timeout(.connect))
        await client.shutdown()
    }

    @Test("an answer that ends in its middle is one of an engine that closed the connection")
    func cut() async throws {
        try await Self.withEngine({ $0.faults = [.cut: 1] }) { client, engine in
            let sink = await Self.ask(client, try Self.request(engine.port))
            #expect(sink.failure?.kind == .fault && sink.failure?.message == "the engine closed the connection")
        }
    }

    @Test("an engine that never answers runs into the first-token limit")
    func firstToken() async throws {
        try await Self.withEngine({ $0.faults = [.hang: 1] }) { client, engine in
            let limits = EngineTimeouts(firstToken: .milliseconds(300))
            let sink = await Self.ask(client, try Self.request(engine.port, timeouts: limits))
            #expect(sink.failure?.kind == .timeout(.firstToken))
        }
    }

    @Test("an answer that falls silent runs into the idle limit, one without end into that of the whole call")
    func silentAndEndless() async throws {
        let body = Array(
            #"{"model":"sim","messages":[{"role":"user","content":"hello"}],"max_tokens":400,"ignore_eos":true,"stream":true}"#
                .utf8)
        let cases: [(tokensPerSecond: Double, limits: EngineTimeouts, stage: EngineFailure.Stage)] = [
            (0.02, EngineTimeouts(idle: .milliseconds(300)), .idle),
            (20, EngineTimeouts(total: .milliseconds(600)), .total),
        ]
        for (rate, limits, stage) in cases {
            var options = SimulatorOptions()
            options.model = "sim"
            options.decodeRate = rate
            let engine = try await SimulatedEngine.start(options: options, group: Self.group)
            let client = HTTPEngineClient(group: Self.group)
            let sink = await Self.ask(
                client, try Self.request(engine.port, stream: true, body: body, timeouts: limits))
            #expect(sink.failure?.kind == .timeout(stage))
            #expect(sink.head?.status == 200 && !sink.body.isEmpty)
            await client.shutdown()
            try await engine.shutdown()
        }
    }

    @Test("cancelling a stream closes its connection, and nothing more arrives")
    func cancel() async throws {
        try await Self.withEngine({ $0.decodeRate = 20 }) { client, engine in
            let body = Array(
                #"{"model":"sim","messages":[{"role":"user","content":"hello"}],"max_tokens":400,"ignore_eos":true,"stream":true}"#
                    .utf8)
            let sink = CollectingSink()
            let call = client.send(try Self.request(engine.port, stream: true, body: body), to: sink)
            await sink.waitForBytes()
            call.cancel()
            let next = await Self.ask(client, try Self.request(engine.port))
            #expect(next.head?.status == 200)
            #expect(sink.failure == nil)
        }
    }
}
