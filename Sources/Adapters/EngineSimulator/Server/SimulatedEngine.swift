public import NIOCore
import NIOHTTP1
import NIOPosix

/// A simulated engine that listens on a TCP port: HTTP/1.1, OpenAI's and vLLM's paths, and `/simulator/log`.
///
/// It says in every answer that it is simulated. See `docs/guides/simulated-engine.md`.
public final class SimulatedEngine: Sendable {
    public let options: SimulatorOptions
    /// The port that it listens on; the one that was asked for, or the one that the system chose for 0.
    public let port: Int
    private let channel: any Channel
    private let connections: OpenConnections
    private let core: SimulatorCore

    private init(
        options: SimulatorOptions, port: Int, channel: any Channel, connections: OpenConnections, core: SimulatorCore
    ) {
        self.options = options
        self.port = port
        self.channel = channel
        self.connections = connections
        self.core = core
    }

    /// Starts listening.
    ///
    /// - Parameter port: 0 lets the system choose.
    /// - Throws: `SimulatorOptionsError` for bad options, an I/O error when the port cannot be bound.
    public static func start(
        options: SimulatorOptions, host: String = "127.0.0.1", port: Int = 0, group: any EventLoopGroup
    ) async throws -> SimulatedEngine {
        try options.validate()
        let core = SimulatorCore(options: options, clockLoop: group.next())
        let connections = OpenConnections()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.add(channel)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try pipeline.addHandler(ConnectionHandler(core: core, routes: Routes(core: core)))
                }
            }
        let channel = try await bootstrap.bind(host: host, port: port).get()
        return SimulatedEngine(
            options: options, port: channel.localAddress?.port ?? port, channel: channel, connections: connections,
            core: core)
    }

    /// How many connections are open.
    public var openConnections: Int { self.connections.count }

    /// Stops listening and closes every connection; requests under way are lost.
    public func shutdown() async throws {
        try await self.channel.close().get()
        await self.connections.closeAll()
        self.core.stop()
    }

    /// Returns when the engine has stopped listening.
    public func waitUntilClosed() async throws { try await self.channel.closeFuture.get() }
}
