/// Well-formed UTF-8 with the class of every scalar at hand; indices are byte offsets at scalar starts.
struct ScalarText {
    let bytes: UnsafePointer<UInt8>
    let count: Int
    private let pages: UnsafePointer<UInt16>
    private let classes: UnsafePointer<UInt8>
    /// Set when a look at the text met its end, so that more text could change the answer.
    var touchedEnd = false

    init(
        bytes: UnsafePointer<UInt8>, count: Int, pages: UnsafePointer<UInt16>, classes: UnsafePointer<UInt8>
    ) {
        self.bytes = bytes
        self.count = count
        self.pages = pages
        self.classes = classes
    }

    /// The class and the length in bytes of the scalar at `index`, which must be inside the text.
    @inline(__always)
    func scalar(at index: Int) -> (bits: UInt8, length: Int) {
        let first = self.bytes[index]
        if first < 0x80 { return (self.classes[Int(first)], 1) }
        return self.wideScalar(first, at: index)
    }

    /// The class bits of the scalar at `index`; 0 at the end of the text.
    @inline(__always)
    mutating func bits(at index: Int) -> UInt8 {
        guard index < self.count else {
            self.touchedEnd = true
            return 0
        }
        return self.scalar(at: index).bits
    }

    /// The byte at `index`; 0 at the end of the text.
    @inline(__always)
    mutating func byte(at index: Int) -> UInt8 {
        guard index < self.count else {
            self.touchedEnd = true
            return 0
        }
        return self.bytes[index]
    }

    /// The end of the longest run of scalars of the classes `mask` that begins at `index`.
    @inline(__always)
    mutating func run(of mask: UInt8, from index: Int) -> Int {
        var index = index
        while index < self.count {
            let (bits, length) = self.scalar(at: index)
            if bits & mask == 0 { return index }
            index += length
        }
        self.touchedEnd = true
        return index
    }

    /// The end of a run of at most `limit` numbers (`\p{N}`) that begins at `index`.
    @inline(__always)
    mutating func numbersEnd(from index: Int, atMost limit: Int) -> Int {
        var index = index
        var left = limit
        while left > 0, self.bits(at: index) == ScalarClass.number {
            index += self.scalar(at: index).length
            left -= 1
        }
        return index
    }

    private func wideScalar(_ first: UInt8, at index: Int) -> (bits: UInt8, length: Int) {
        var value = UInt32(self.bytes[index + 1] & 0x3F)
        var length = 2
        if first < 0xE0 {
            value |= UInt32(first & 0x1F) << 6
        } else {
            value = value << 6 | UInt32(self.bytes[index + 2] & 0x3F)
            length = 3
            if first < 0xF0 {
                value |= UInt32(first & 0x0F) << 12
            } else {
                value = value << 6 | UInt32(self.bytes[index + 3] & 0x3F)
                value |= UInt32(first & 0x07) << 18
                length = 4
            }
        }
        let page = Int(self.pages[Int(value >> 8)])
        return (self.classes[page << 8 | Int(value & 0xFF)], length)
    }
}

/// A run of whitespace and the two places inside it where the rules may cut.
struct WhitespaceRun {
    let end: Int
    /// The index after the last carriage return or line feed; nil when there is none.
    let newlineEnd: Int?
    /// Where the last scalar of the run begins.
    let lastStart: Int
}

extension ScalarText {
    /// The whitespace run that begins at `start`, where a whitespace scalar must stand.
    mutating func whitespaceRun(from start: Int) -> WhitespaceRun {
        var index = start
        var newlineEnd: Int?
        var lastStart = start
        while index < self.count {
            let (bits, length) = self.scalar(at: index)
            if bits & ScalarClass.whitespace == 0 { break }
            lastStart = index
            index += length
            if bits == ScalarClass.newline { newlineEnd = index }
        }
        if index == self.count { self.touchedEnd = true }
        return WhitespaceRun(end: index, newlineEnd: newlineEnd, lastStart: lastStart)
    }

    /// The end of an English contraction (`'s 't 'm 'd 'll 've 're`) that begins at `index`, or nil.
    ///
    /// Ignoring case follows simple case folding, under which U+017F (long s) equals `s`; no other scalar outside
    /// ASCII folds to one of these letters.
    mutating func contractionEnd(at index: Int, ignoringCase: Bool) -> Int? {
        guard self.byte(at: index) == UInt8(ascii: "'") else { return nil }
        let fold: UInt8 = ignoringCase ? 0x20 : 0
        switch self.byte(at: index + 1) | fold {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return index + 2
        case UInt8(ascii: "l"):
            return self.byte(at: index + 2) | fold == UInt8(ascii: "l") ? index + 3 : nil
        case UInt8(ascii: "v"), UInt8(ascii: "r"):
            return self.byte(at: index + 2) | fold == UInt8(ascii: "e") ? index + 3 : nil
        case 0xC5 | fold:
            guard ignoringCase, self.byte(at: index + 1) == 0xC5 else { return nil }
            return self.byte(at: index + 2) == 0xBF ? index + 3 : nil
        default:
            return nil
        }
    }
}
