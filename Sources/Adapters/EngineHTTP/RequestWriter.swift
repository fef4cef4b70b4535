import NIOCore
import NIOHTTP1
import Quantities
import Routing

/// Where the bytes of requests enter an engine's connection, in place of SwiftNIO's encoder (decision 0010).
///
/// The decoder of answers wants to see the head of each request before its answer comes; that head ends here. What goes
/// over the wire is written by `send`: one buffer, of which all but three values are the same each time.
final class RequestWriter: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = ByteBuffer

    /// What a request's first bytes depend on, besides the engine.
    private struct Kind: Equatable {
        let method: HTTPMethod
        let path: String
        let isStream: Bool
    }

    /// A longer body is not copied behind its head.
    private static let joinedBytesMax = 64 * 1_024

    private var context: ChannelHandlerContext?
    private var kind: Kind?
    /// The beginning of a request of that kind.
    private var beginning = ByteBuffer()

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) { promise?.succeed() }

    /// Writes a whole request (RFC 9112, section 3). The values come from the configuration, or are numbers and ids.
    func send(_ wire: WireCall, headers: HTTPHeaders) {
        guard let context = self.context else { return }
        let kind = Kind(method: wire.method, path: wire.path, isStream: wire.isStream)
        if self.kind != kind {
            self.kind = kind
            self.beginning = Self.beginning(wire, headers: headers)
        }
        let isJoined = wire.body.count <= Self.joinedBytesMax
        var bytes = context.channel.allocator.buffer(
            capacity: self.beginning.readableBytes + 128 + (isJoined ? wire.body.count : 0))
        bytes.writeImmutableBuffer(self.beginning)
        if let request = wire.request {
            bytes.writeStaticString("x-request-id: ")
            bytes.writeString(request.text)
            bytes.writeStaticString("\r\n")
        }
        if let traceparent = wire.traceparent {
            bytes.writeStaticString("traceparent: ")
            bytes.writeString(traceparent)
            bytes.writeStaticString("\r\n")
        }
        if wire.method == .POST {
            bytes.writeStaticString("content-length: ")
            bytes.writeString(String(wire.body.count))
            bytes.writeStaticString("\r\n")
        }
        bytes.writeStaticString("\r\n")
        if isJoined {
            bytes.writeBytes(wire.body)
        } else {
            context.write(self.wrapOutboundOut(bytes), promise: nil)
            bytes = context.channel.allocator.buffer(bytes: wire.body)
        }
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
    }

    private static func beginning(_ wire: WireCall, headers: HTTPHeaders) -> ByteBuffer {
        var headers = headers
        headers.add(name: "host", value: wire.engine.url.authority)
        headers.add(name: "accept", value: wire.isStream ? "text/event-stream" : "application/json")
        if wire.method == .POST { headers.add(name: "content-type", value: "application/json") }
        var bytes = ByteBuffer(string: "\(wire.method.rawValue) \(wire.path) HTTP/1.1\r\n")
        for (name, value) in headers { bytes.writeString("\(name): \(value)\r\n") }
        return bytes
    }
}
