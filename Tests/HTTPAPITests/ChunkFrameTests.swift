import HTTPAPI
import NIOCore
import Testing

@Suite("Chunks of an answer's body")
struct ChunkFrameTests {
    private static func frame(_ pieces: [String], isChunked: Bool = true) -> String {
        var buffer = ByteBuffer()
        ChunkFrame.begin(&buffer)
        for piece in pieces { buffer.writeString(piece) }
        ChunkFrame.end(&buffer, isChunked: isChunked)
        return String(buffer: buffer)
    }

    @Test("all that was collected is one chunk with its size in hex and nothing in front")
    func oneChunk() {
        #expect(Self.frame(["data: 1\n\n"]) == "9\r\ndata: 1\n\n\r\n")
        #expect(Self.frame(["data: 1\n\n", "data: [DONE]\n\n"]) == "17\r\ndata: 1\n\ndata: [DONE]\n\n\r\n")
    }

    @Test("sizes around a new digit", arguments: [1, 15, 16, 255, 256, 4_095, 4_096, 1_048_575, 1_048_576])
    func sizes(_ count: Int) {
        let body = String(repeating: "x", count: count)
        #expect(Self.frame([body]) == "\(String(count, radix: 16))\r\n\(body)\r\n")
    }

    @Test("a client of HTTP/1.0 gets the bytes alone")
    func unframed() { #expect(Self.frame(["data: 1\n\n"], isChunked: false) == "data: 1\n\n") }
}
