public import Gateway
public import NIOCore
import NIOHTTP1
import NIOSSL
public import Quantities
public import Routing

/// The engine port over HTTP/1.1 with SwiftNIO: a pool of connections on every event loop.
///
/// A call lives on one loop from start to end. When the caller names its own loop as the request's home, the client's
/// and the engine's connection share it and no byte crosses a thread.
public final class HTTPEngineClient: EngineClient {
    /// What an engine's requests carry besides the body.
    public struct Access: Sendable {
        /// `Authorization` value, for example `Bearer …`; never logged.
        public var authorization: String?
        public var headers: [(name: String, value: String)]
        /// PEM file of certificate authorities to trust instead of the system's.
        public var certificateAuthorities: String?
        public var verifiesCertificates: Bool

        public init(
            authorization: String? = nil, headers: [(name: String, value: String)] = [],
            certificateAuthorities: String? = nil, verifiesCertificates: Bool = true
        ) {
            self.authorization = authorization
            self.headers = headers
            self.certificateAuthorities = certificateAuthorities
            self.verifiesCertificates = verifiesCertificates
        }
    }

    private let pools: [ObjectIdentifier: LoopPool]
    private let group: any EventLoopGroup

    public init(group: any EventLoopGroup, access: [EngineID: Access] = [:]) {
        self.group = group
        var prepared: [EngineID: EngineAccess] = [:]
        for (engine, value) in access { prepared[engine] = EngineAccess(value) }
        let fallback = EngineAccess(Access())
        var pools: [ObjectIdentifier: LoopPool] = [:]
        for loop in group.makeIterator() {
            pools[ObjectIdentifier(loop)] = LoopPool(loop: loop, access: prepared, fallback: fallback)
        }
        self.pools = pools
    }

    private func pool(home: (any Sendable)?) -> LoopPool? {
        if let loop = home as? any EventLoop, let pool = self.pools[ObjectIdentifier(loop)] { return pool }
        return self.pools[ObjectIdentifier(self.group.next())]
    }

    public func send(_ request: EngineRequest, to sink: any AnswerSink) -> any EngineCall {
        self.start(
            WireCall(
                engine: request.engine, method: .POST, path: request.engine.url.pathPrefix + request.path,
                body: request.body, isStream: request.isStream, request: request.request,
                traceparent: request.traceparent, timeouts: request.engine.timeouts),
            home: request.home, sink: sink)
    }

    private func start(_ wire: WireCall, home: (any Sendable)?, sink: any AnswerSink) -> RunningCall {
        guard let pool = self.pool(home: home) else { preconditionFailure("the group has no event loop") }
        let call = RunningCall(wire: wire, sink: sink, pool: pool)
        if pool.loop.inEventLoop { pool.start(call) } else { pool.loop.execute { pool.start(call) } }
        return call
    }

    public func fetch(_ request: EngineFetch) async throws(EngineFailure) -> EngineFetchAnswer {
        let limit = request.timeout
        let wire = WireCall(
            engine: request.engine, method: request.body == nil ? .GET : .POST, path: request.path,
            body: request.body ?? [], isStream: false, request: nil,
            timeouts: EngineTimeouts(connect: limit, firstToken: limit, idle: limit, total: limit))
        let result = await withCheckedContinuation { continuation in
            _ = self.start(wire, home: nil, sink: FetchSink { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Closes idle connections and cancels running calls. Call once, after the last `send`.
    public func shutdown() async {
        for pool in self.pools.values {
            try? await pool.loop.submit { pool.shutdown() }.get()
        }
    }
}
