public import Gateway
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
public import NIOCore
import OpenAIWire
public import ServiceLifecycle

/// The HTTP server: the fast lane for completions, Hummingbird for everything else.
public struct GatewayServer: Service {
    /// What the server serves.
    public struct Services: Sendable {
        public var access: AccessRefresher
        public var completions: ServeCompletion
        public var engines: EngineDirectory
        public var files: FileService
        public var uploads: UploadService
        public var batches: BatchService
        public var idempotency: any IdempotencyStore
        public var scheduler: WorkScheduler
        public var explain: ExplainRequest
        /// Text of `/metrics`.
        public var metrics: @Sendable () -> String
        /// Why the gateway is not ready, or nil; for `/readyz`.
        public var notReady: @Sendable () async -> String?

        public init(
            access: AccessRefresher, completions: ServeCompletion, engines: EngineDirectory, files: FileService,
            uploads: UploadService, batches: BatchService, idempotency: any IdempotencyStore,
            scheduler: WorkScheduler, explain: ExplainRequest, metrics: @escaping @Sendable () -> String,
            notReady: @escaping @Sendable () async -> String?
        ) {
            self.access = access
            self.completions = completions
            self.engines = engines
            self.files = files
            self.uploads = uploads
            self.batches = batches
            self.idempotency = idempotency
            self.scheduler = scheduler
            self.explain = explain
            self.metrics = metrics
            self.notReady = notReady
        }
    }

    /// Open client connections at most; above it new ones wait in the listen backlog.
    public static let connectionsMax = 10_000

    private let services: Services
    private let host: String
    private let port: Int
    private let limits: GatewayLimits
    private let group: any EventLoopGroup
    private let clock: any GatewayClock
    private let randomness: any Randomness
    private let logger: Logger
    /// Called once with the port that is really bound.
    private let onReady: @Sendable (Int) async -> Void

    public init(
        services: Services, host: String, port: Int, limits: GatewayLimits, group: any EventLoopGroup,
        clock: any GatewayClock, randomness: any Randomness, logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void
    ) {
        self.services = services
        self.host = host
        self.port = port
        self.limits = limits
        self.group = group
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        self.onReady = onReady
    }

    public func run() async throws {
        let gate = KeyGate(access: self.services.access)
        let lane = FastLane(
            keys: gate, completions: self.services.completions, clock: self.clock, randomness: self.randomness,
            bodyBytesMax: self.limits.bodyBytes, logger: self.logger)
        let onReady = self.onReady
        let application = Application(
            responder: HeadResponder(routes: self.router(gate).buildResponder()),
            server: HTTPServerBuilder { responder in ServerChannel(responder: responder, lane: lane) },
            configuration: .init(
                address: .hostname(self.host, port: self.port), serverName: nil, backlog: 1_024, reuseAddress: true,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax, logger: self.logger)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(self.group), logger: self.logger)
        try await application.run()
    }

    private func router(_ gate: KeyGate) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: AnswerMiddleware(randomness: self.randomness, clock: self.clock))
        router.get("healthz") { _, _ in Response.json(Array(#"{"status":"ok"}"#.utf8)) }
        router.get("readyz") { _, _ in await Self.ready(self.services.notReady()) }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: self.services.metrics())))
        }
        let startedAt = self.clock.now
        let idempotency = IdempotentRequests(store: self.services.idempotency, clock: self.clock)
        let api = router.group("v1").add(middleware: AccessMiddleware(gate: gate))
        ModelRoutes(engines: self.services.engines, startedAt: startedAt).add(to: api)
        FileRoutes(files: self.services.files, idempotency: idempotency).add(to: api)
        UploadRoutes(
            uploads: self.services.uploads, idempotency: idempotency, bodyBytesMax: self.limits.bodyBytes
        ).add(to: api)
        BatchRoutes(
            batches: self.services.batches, idempotency: idempotency, bodyBytesMax: self.limits.bodyBytes
        ).add(to: api)
        let own = router.group("ebb").add(middleware: AccessMiddleware(gate: gate))
        ObservationRoutes(
            scheduler: self.services.scheduler, batches: self.services.batches, explain: self.services.explain
        ).add(to: own)
        return router
    }

    private static func ready(_ reason: String?) -> Response {
        guard let reason else { return Response.json(Array(#"{"status":"ready"}"#.utf8)) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", "not ready")
        writer.member("reason", reason)
        writer.endObject()
        return Response.json(writer.bytes, status: 503)
    }
}
