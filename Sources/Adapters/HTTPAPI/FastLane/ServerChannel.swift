import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A connection: HTTP/1.1 framing, then the fast lane, then Hummingbird for what the fast lane leaves.
struct ServerChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: Responder
    let lane: FastLane

    /// A head at most, names and values together: it is read before anything is known of its client.
    private static let headBytesMax = 64 * 1_024
    /// Bytes that the parser has not taken in: the beginning of a long line, or what follows a request that is the
    /// connection's last.
    private static let unparsedBytesMax = 4 * Self.headBytesMax

    private static var decoder: ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = Self.headBytesMax
        limits.maxHeaderFieldSize = Self.headBytesMax
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        return ByteToMessageHandler(decoder, maximumBufferSize: Self.unparsedBytesMax)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let pipelining = PipeliningHandler()
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(RequestTimeoutHandler(pipelining: pipelining))
            try pipeline.addHandler(Self.decoder)
            try pipeline.addHandler(pipelining)
            let encoder = try pipeline.context(handlerType: HTTPResponseEncoder.self)
            try pipeline.addHandler(FastLaneHandler(lane: self.lane, encoder: encoder, pipelining: pipelining))
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async {
        await self.handleHTTP(asyncChannel: value, logger: logger)
    }
}
