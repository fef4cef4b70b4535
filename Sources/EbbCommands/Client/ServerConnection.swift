import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Routing

typealias RequestPart = HTTPPart<HTTPRequestHead, ByteBuffer>
typealias ServerChannel = NIOAsyncChannel<HTTPClientResponsePart, RequestPart>

/// Opens one connection to a gateway; a command makes few calls, so that each has a connection of its own.
struct ServerConnection: Sendable {
    static let connectTimeout = TimeAmount.seconds(10)
    /// The longest silence in both directions.
    static let silenceMax = TimeAmount.seconds(120)

    let url: EngineURL
    let tls: NIOSSLContext?

    func open(group: any EventLoopGroup) async throws -> ServerChannel {
        let url = self.url
        let tls = self.tls
        return try await ClientBootstrap(group: group)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: url.host, port: url.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        let name = Self.isAddress(url.host) ? nil : url.host
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.silenceMax))
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(
                        ByteToMessageHandler(
                            HTTPResponseDecoder(
                                leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop)))
                    try pipeline.addHandler(ClientParts())
                    return try ServerChannel(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Server names in TLS are names: an address is not sent as one.
    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

/// The other side said nothing for too long.
struct SilenceError: Error, CustomStringConvertible {
    var description: String { "nothing came for \(ServerConnection.silenceMax.nanoseconds / 1_000_000_000) seconds" }
}

/// Sends parts that may cross threads as the encoder wants them, and closes a connection that has gone silent.
private final class ClientParts: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = RequestPart
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPClientRequestPart =
            switch self.unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let buffer): .body(.byteBuffer(buffer))
            case .end(let trailers): .end(trailers)
            }
        context.write(self.wrapOutboundOut(part), promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.fireErrorCaught(SilenceError())
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
