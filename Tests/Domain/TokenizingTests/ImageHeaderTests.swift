import Foundation
import Testing
import Tokenizing

@Suite struct ImageHeaderTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let width: Int
        let height: Int

        var testDescription: String { self.name }
    }

    private static func riff(_ chunk: [UInt8]) -> [UInt8] {
        Array("RIFF".utf8) + [0, 1, 0, 0] + Array("WEBP".utf8) + chunk
    }

    static let samples: [Sample] = [
        Sample(
            name: "png",
            bytes: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
                + [0, 0, 0x07, 0x80, 0, 0, 0x04, 0x38],
            width: 1920, height: 1080),
        Sample(name: "gif", bytes: Array("GIF89a".utf8) + [0x80, 0x02, 0xE0, 0x01], width: 640, height: 480),
        Sample(
            name: "jpeg with metadata, tables and fill bytes",
            bytes: [0xFF, 0xD8, 0xFF, 0xE1, 0x01, 0x00] + [UInt8](repeating: 0xC0, count: 254)
                + [0xFF, 0xC4, 0x00, 0x03, 0xFF, 0xFF, 0xFF, 0xC2, 0x00, 0x11, 0x08, 0x0B, 0xB8, 0x0F, 0xA0],
            width: 4000, height: 3000),
        Sample(
            name: "webp lossy",
            bytes: riff(Array("VP8 ".utf8) + [9, 0, 0, 0, 0, 0, 0, 0x9D, 0x01, 0x2A, 0x20, 0x43, 0x58, 0x02]),
            width: 800, height: 600),
        Sample(
            name: "webp lossless",
            // 14 bits of width - 1, 14 bits of height - 1: 799 | 599 << 14.
            bytes: riff(Array("VP8L".utf8) + [9, 0, 0, 0, 0x2F, 0x1F, 0xC3, 0x95, 0x00]),
            width: 800, height: 600),
        Sample(
            name: "webp extended",
            bytes: riff(Array("VP8X".utf8) + [10, 0, 0, 0, 0, 0, 0, 0, 0x1F, 0x03, 0, 0x57, 0x02, 0]),
            width: 800, height: 600),
    ]

    private static func url(_ bytes: [UInt8]) -> String { "data:image/x;base64," + Data(bytes).base64EncodedString() }

    @Test("The size is read from the first bytes of a data URL", arguments: samples)
    func reads(sample: Sample) throws {
        let size = ImageSize(width: sample.width, height: sample.height)
        #expect(ImageHeader.size(ofDataURL: Self.url(sample.bytes)) == size)
    }

    @Test("Cut anywhere, a header gives no size and does no harm", arguments: samples)
    func truncated(sample: Sample) {
        for length in 0..<sample.bytes.count {
            #expect(ImageHeader.size(ofDataURL: Self.url(Array(sample.bytes.prefix(length)))) == nil)
        }
    }

    @Test(
        "What is no image gives no size",
        arguments: [
            "", "https://example.org/a.png", "data:image/png,abc", "data:;base64,", "data:;base64,iVBO*w0KGgo=",
            "data:;base64",
        ])
    func refused(url: String) { #expect(ImageHeader.size(ofDataURL: url) == nil) }
}
