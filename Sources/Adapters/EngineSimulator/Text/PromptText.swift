import OpenAIWire

/// The text that the simulated engine sees of a request, and its simulated tokens.
///
/// The rule: one token per four bytes of UTF-8, the last one may be shorter. A chat prompt is, message by message, the
/// role, a line feed, the texts of the content, a line feed; the JSON of `tools` comes first. A content part that is
/// not text counts as `PromptText.partBytes`. A prompt of token ids is four bytes per id.
package struct PromptText: Hashable, Sendable {
    package static let bytesPerToken = 4
    /// What an image, a sound or a file counts: 85 tokens.
    package static let partBytes = 340

    package private(set) var bytes: [UInt8] = []

    package init() {}
    package init(_ text: String) { self.bytes = Array(text.utf8) }

    package var tokens: Int { (self.bytes.count + Self.bytesPerToken - 1) / Self.bytesPerToken }
    package var hash: UInt64 { self.bytes.withUnsafeBytes { WireHash.hash64($0, seed: 0) } }

    /// The first 64 bytes as text: the mark of a request that brings none.
    package var start: String { String(decoding: self.bytes.prefix(64), as: UTF8.self) }

    package mutating func append(_ bytes: some Collection<UInt8>) { self.bytes.append(contentsOf: bytes) }
    package mutating func append(_ text: String) { self.bytes.append(contentsOf: text.utf8) }
    package mutating func appendLineFeed() { self.bytes.append(0x0A) }

    package mutating func appendOpaquePart() {
        self.bytes.append(contentsOf: repeatElement(0, count: Self.partBytes))
    }

    package mutating func append(token: Int64) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: token).littleEndian) { self.bytes.append(contentsOf: $0) }
    }

    /// Hashes of the full blocks of `blockTokens` tokens; each covers the blocks before it too.
    package func chain(blockTokens: Int) -> [UInt64] {
        let length = blockTokens * Self.bytesPerToken
        let count = self.bytes.count / length
        guard count > 0 else { return [] }
        return self.bytes.withUnsafeBytes { bytes in
            var hash: UInt64 = 0
            return (0..<count).map { block in
                hash = WireHash.hash64(
                    UnsafeRawBufferPointer(rebasing: bytes[block * length..<(block + 1) * length]), seed: hash)
                return hash
            }
        }
    }

    /// The ids of the tokens, as `/tokenize` gives them.
    package var tokenIDs: [Int] {
        self.bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: Self.bytesPerToken).map { start in
                let piece = bytes[start..<min(start + Self.bytesPerToken, bytes.count)]
                return Int(WireHash.hash64(UnsafeRawBufferPointer(rebasing: piece), seed: 0) % 128_000)
            }
        }
    }
}
