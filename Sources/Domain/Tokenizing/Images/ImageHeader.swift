/// Width and height from the first bytes of an image file, without decoding it.
public enum ImageHeader {
    /// The size of the PNG, JPEG, GIF or WebP image in a `data:` URL with base64, or nil when it is something else or
    /// cannot be read.
    ///
    /// Only the bytes that are looked at are decoded. The orientation in a JPEG's metadata is not applied: token rules
    /// treat both sides alike.
    public static func size(ofDataURL url: some StringProtocol) -> ImageSize? {
        let utf8 = url.utf8
        guard let comma = utf8.prefix(self.longestDataHead).firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let head = utf8[..<comma].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard head.starts(with: Array("data:".utf8)), head.suffix(7) == Array(";base64".utf8) else { return nil }
        return self.size(of: Base64Source(text: Array(utf8[comma...])[1...]))
    }

    /// In bytes: media type and parameters before the comma of a `data:` URL.
    private static let longestDataHead = 256

    private static func size(of source: Base64Source) -> ImageSize? {
        guard let first = source[0], let second = source[1] else { return nil }
        switch (first, second) {
        case (0x89, UInt8(ascii: "P")): return self.png(source)
        case (0xFF, 0xD8): return self.jpeg(source)
        case (UInt8(ascii: "G"), UInt8(ascii: "I")): return self.gif(source)
        case (UInt8(ascii: "R"), UInt8(ascii: "I")): return self.webP(source)
        default: return nil
        }
    }

    /// PNG (ISO/IEC 15948): signature, then the chunk IHDR with both sides, big-endian.
    private static func png(_ source: Base64Source) -> ImageSize? {
        guard source.holds([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], at: 0), source.holds("IHDR", at: 12),
            let width = source.bigEndian(4, at: 16), let height = source.bigEndian(4, at: 20)
        else { return nil }
        return ImageSize(width: width, height: height)
    }

    /// GIF 87a and 89a: both sides of the logical screen, 16 bits little-endian.
    private static func gif(_ source: Base64Source) -> ImageSize? {
        guard source.holds("GIF87a", at: 0) || source.holds("GIF89a", at: 0),
            let width = source.littleEndian(2, at: 6), let height = source.littleEndian(2, at: 8)
        else { return nil }
        return ImageSize(width: width, height: height)
    }

    /// JPEG (ITU-T T.81): segments up to the first frame header (SOF0 to SOF15 without DHT, JPG and DAC).
    private static func jpeg(_ source: Base64Source) -> ImageSize? {
        var index = 2
        while let prefix = source[index], prefix == 0xFF, let marker = source[index + 1] {
            switch marker {
            case 0xFF:
                index += 1
            case 0x01, 0xD0...0xD8:
                index += 2
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                guard let height = source.bigEndian(2, at: index + 5), let width = source.bigEndian(2, at: index + 7)
                else { return nil }
                return ImageSize(width: width, height: height)
            case 0x00, 0xD9, 0xDA:
                return nil
            default:
                guard let length = source.bigEndian(2, at: index + 2), length >= 2 else { return nil }
                index += 2 + length
            }
        }
        return nil
    }

    /// WebP (RFC 9649): the sides stand at different places in its three kinds of first chunk.
    private static func webP(_ source: Base64Source) -> ImageSize? {
        guard source.holds("RIFF", at: 0), source.holds("WEBP", at: 8) else { return nil }
        if source.holds("VP8X", at: 12) {
            guard let width = source.littleEndian(3, at: 24), let height = source.littleEndian(3, at: 27) else {
                return nil
            }
            return ImageSize(width: width + 1, height: height + 1)
        }
        if source.holds("VP8L", at: 12), source[20] == 0x2F {
            guard let sides = source.littleEndian(4, at: 21) else { return nil }
            return ImageSize(width: (sides & 0x3FFF) + 1, height: (sides >> 14 & 0x3FFF) + 1)
        }
        if source.holds("VP8 ", at: 12), source.holds([0x9D, 0x01, 0x2A], at: 23) {
            guard let width = source.littleEndian(2, at: 26), let height = source.littleEndian(2, at: 28) else {
                return nil
            }
            return ImageSize(width: width & 0x3FFF, height: height & 0x3FFF)
        }
        return nil
    }
}
