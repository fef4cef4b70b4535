import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Quantities
import Routing

/// The connections and running calls of one event loop.
///
/// `@unchecked Sendable`: all state is touched on `loop` only.
final class LoopPool: @unchecked Sendable {
    /// Idle connections kept for one engine on one loop; one more closes the oldest.
    static let idlePerEngineMax = 512
    /// An idle connection older than this is closed: below the usual keep-alive limits of servers (60 s and more).
    static let idleTimeMax: TimeAmount = .seconds(30)
    /// How often time limits are checked. Limits are seconds; a tick costs nothing while no call runs.
    static let tickInterval: TimeAmount = .milliseconds(100)

    let loop: any EventLoop
    private let access: [EngineID: EngineAccess]
    private let fallback: EngineAccess
    private var idle: [EngineID: [EngineConnection]] = [:]
    private var running: [ObjectIdentifier: RunningCall] = [:]
    private var ticking = false
    private var closed = false

    init(loop: any EventLoop, access: [EngineID: EngineAccess], fallback: EngineAccess) {
        self.loop = loop
        self.access = access
        self.fallback = fallback
    }

    func headers(for engine: EngineID) -> HTTPHeaders { (self.access[engine] ?? self.fallback).headers }

    func start(_ call: RunningCall) {
        self.loop.assertInEventLoop()
        if self.closed {
            call.fail(EngineFailure(.cancelled, message: "the gateway is shutting down"))
            return
        }
        self.running[ObjectIdentifier(call)] = call
        self.tickIfNeeded()
        let engine = call.wire.engine.id
        while let connection = self.idle[engine]?.popLast() {
            if connection.isUsable {
                connection.run(call, isReused: true)
                return
            }
        }
        self.connect(call)
    }

    func connect(_ call: RunningCall) {
        let url = call.wire.engine.url
        let access = self.access[call.wire.engine.id] ?? self.fallback
        let connectLimit = TimeAmount(call.wire.timeouts.connect)
        ClientBootstrap(group: self.loop)
            .connectTimeout(connectLimit)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if url.isTLS {
                        let name =
                            url.host.contains(":") || url.host.allSatisfy({ $0.isNumber || $0 == "." })
                            ? nil : url.host
                        try pipeline.addHandler(NIOSSLClientHandler(context: access.tls.get(), serverHostname: name))
                    }
                    let writer = RequestWriter()
                    try pipeline.addHandler(writer)
                    try pipeline.addHandler(
                        ByteToMessageHandler(
                            HTTPResponseDecoder(
                                leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop)))
                    try pipeline.addHandler(
                        EngineConnection(
                            engine: call.wire.engine.id, pool: self, writer: writer, isTLS: url.isTLS))
                }
            }
            .connect(host: url.host, port: url.port)
            .whenComplete { result in self.connected(result, for: call) }
    }

    private func connected(_ result: Result<any Channel, any Error>, for call: RunningCall) {
        switch result {
        case .failure(let error):
            let trouble = ConnectionTrouble(error: error)
            call.fail(
                EngineFailure(
                    trouble.isTimeout ? .timeout(.connect) : .unreachable,
                    message: "cannot connect to \(call.wire.engine.url): \(trouble.words)", detail: "\(error)"))
        case .success(let channel):
            guard let connection = try? channel.pipeline.syncOperations.handler(type: EngineConnection.self) else {
                call.fail(EngineFailure(.unreachable, message: "the connection closed at once"))
                return
            }
            if call.isDone { self.giveBack(connection) } else { connection.run(call, isReused: false) }
        }
    }

    func giveBack(_ connection: EngineConnection) {
        guard !self.closed, connection.isUsable else {
            connection.close()
            return
        }
        connection.idleSince = .now()
        var list = self.idle[connection.engine] ?? []
        // Copy-on-write must not copy: take the list out while it is changed.
        self.idle[connection.engine] = nil
        if list.count >= Self.idlePerEngineMax { list.removeFirst().close() }
        list.append(connection)
        self.idle[connection.engine] = list
        self.tickIfNeeded()
    }

    func forget(_ connection: EngineConnection) {
        self.idle[connection.engine]?.removeAll { $0 === connection }
    }

    func finished(_ call: RunningCall) { self.running[ObjectIdentifier(call)] = nil }

    private func tickIfNeeded() {
        guard !self.ticking else { return }
        self.ticking = true
        self.loop.scheduleTask(in: Self.tickInterval) { self.tick() }
    }

    private func tick() {
        self.ticking = false
        let now = NIODeadline.now()
        for call in Array(self.running.values) { call.checkTime(now) }
        for engine in Array(self.idle.keys) {
            // Newest last: the stale ones are at the front.
            let stale = self.idle[engine]?.prefix { now - $0.idleSince > Self.idleTimeMax } ?? []
            for connection in Array(stale) { connection.close() }
            if self.idle[engine]?.isEmpty == true { self.idle[engine] = nil }
        }
        if !self.running.isEmpty || !self.idle.isEmpty { self.tickIfNeeded() }
    }

    func shutdown() {
        self.closed = true
        for call in Array(self.running.values) {
            call.fail(EngineFailure(.cancelled, message: "the gateway is shutting down"))
        }
        for connection in self.idle.values.flatMap({ $0 }) { connection.close() }
        self.idle = [:]
    }
}
