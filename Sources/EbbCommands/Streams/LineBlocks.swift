/// Cuts an input into blocks of whole lines, so that blocks can be worked on side by side.
///
/// Memory is one block and the start of the next one; a line that is longer than the limit is passed over and reported.
package struct LineBlocks {
    /// Whole lines, the last one perhaps without its line feed at the end of the input.
    package struct Block: Sendable {
        package var bytes: [UInt8]
        /// The block stands for one line beyond the limit, whose bytes were not kept.
        package var isTooLong = false
    }

    package static let lineBytesMax = 64 << 20
    package static let blockBytes = 1 << 19

    private let input: ByteInput
    private let lineBytesMax: Int
    private let blockBytes: Int
    /// The start of a line whose end was not read yet.
    private var carry: [UInt8] = []
    private var isAtStart = true

    package init(
        _ input: ByteInput, blockBytes: Int = LineBlocks.blockBytes, lineBytesMax: Int = LineBlocks.lineBytesMax
    ) {
        self.input = input
        self.blockBytes = blockBytes
        self.lineBytesMax = lineBytesMax
    }

    /// The next block, or nil at the end.
    package mutating func next() throws(CommandFailure) -> Block? {
        while true {
            var piece = try self.input.next(atMost: self.blockBytes)
            if self.isAtStart, !piece.isEmpty {
                self.isAtStart = false
                if piece.starts(with: [0xEF, 0xBB, 0xBF]) { piece.removeFirst(3) }
                if piece.isEmpty { continue }
            }
            if piece.isEmpty {
                defer { self.carry = [] }
                return self.carry.isEmpty ? nil : Block(bytes: self.carry)
            }
            guard let end = piece.lastIndex(of: UInt8(ascii: "\n")) else {
                self.carry += piece
                if self.carry.count > self.lineBytesMax { return try self.passOverLine() }
                continue
            }
            let whole = self.carry.isEmpty && end == piece.count - 1
            let block = whole ? piece : self.carry + piece[...end]
            self.carry = whole ? [] : Array(piece[(end + 1)...])
            return Block(bytes: block)
        }
    }

    private mutating func passOverLine() throws(CommandFailure) -> Block {
        self.carry = []
        while true {
            let piece = try self.input.next(atMost: self.blockBytes)
            if piece.isEmpty { break }
            if let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
                self.carry = Array(piece[(end + 1)...])
                break
            }
        }
        return Block(bytes: [], isTooLong: true)
    }
}

extension UnsafeRawBufferPointer {
    /// Gives every line of a block without its line ending (LF or CRLF).
    func forEachLine(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start < self.count {
            let end = self.endOfLine(from: start)
            var stop = end
            if stop > start, self[stop - 1] == UInt8(ascii: "\r") { stop -= 1 }
            body(UnsafeRawBufferPointer(rebasing: self[start..<stop]))
            start = end + 1
        }
    }

    private func endOfLine(from start: Int) -> Int {
        let feeds: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
        var at = start
        while at &+ 8 <= self.count {
            let word = UInt64(littleEndian: self.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ feeds
            let marks = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if marks != 0 { return at &+ marks.trailingZeroBitCount &>> 3 }
            at &+= 8
        }
        while at < self.count, self[at] != 0x0A { at &+= 1 }
        return at
    }

    var isBlankLine: Bool { self.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
}
