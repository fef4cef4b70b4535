/// What the split rules need to know of a Unicode scalar: exactly one bit is set for each scalar.
///
/// The categories are those of the regular-expression engine inside tiktoken (Unicode 16 in tiktoken 0.14.0).
enum ScalarClass {
    /// `\p{Lu}` and `\p{Lt}`.
    static let upper: UInt8 = 1
    /// `\p{Ll}`.
    static let lower: UInt8 = 2
    /// `\p{Lm}` and `\p{Lo}`: letters without case.
    static let uncased: UInt8 = 4
    /// `\p{M}`.
    static let mark: UInt8 = 8
    /// `\p{N}`.
    static let number: UInt8 = 16
    /// `\s` without carriage return and line feed.
    static let blank: UInt8 = 32
    /// Carriage return and line feed.
    static let newline: UInt8 = 64
    /// Everything else: punctuation, symbols, controls, unassigned and private scalars.
    static let symbol: UInt8 = 128

    static let letter = upper | lower | uncased
    static let whitespace = blank | newline
    /// `[^\s\p{L}\p{N}]`.
    static let other = mark | symbol
}

/// Scalar to class in two steps: a page of 256 scalars, then the scalar in its page. Equal pages are stored once.
struct ScalarClassTable: Sendable {
    let pages: [UInt16]
    let classes: [UInt8]

    static let shared = ScalarClassTable(starts: ScalarClassRanges.starts)

    init(starts: [UInt32]) {
        var pages: [UInt16] = []
        var classes: [UInt8] = []
        var known: [[UInt8]: UInt16] = [:]
        pages.reserveCapacity(0x1100)
        var range = 0
        for page in 0..<UInt32(0x1100) {
            var content: [UInt8] = []
            content.reserveCapacity(256)
            for scalar in (page << 8)..<((page + 1) << 8) {
                while range + 1 < starts.count, starts[range + 1] >> 8 <= scalar { range += 1 }
                content.append(UInt8(truncatingIfNeeded: starts[range]))
            }
            if let number = known[content] {
                pages.append(number)
            } else {
                let number = UInt16(classes.count >> 8)
                known[content] = number
                classes += content
                pages.append(number)
            }
        }
        self.pages = pages
        self.classes = classes
    }

    /// Runs `body` with `text`, which must be well-formed UTF-8, and its classes; nil when the text is empty.
    @inline(__always)
    func withText<Result>(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (inout ScalarText) -> Result
    ) -> Result? {
        guard let bytes = text.baseAddress, !text.isEmpty else { return nil }
        return self.pages.withUnsafeBufferPointer { pages in
            self.classes.withUnsafeBufferPointer { classes in
                guard let pages = pages.baseAddress, let classes = classes.baseAddress else { return nil }
                var scalars = ScalarText(bytes: bytes, count: text.count, pages: pages, classes: classes)
                return body(&scalars)
            }
        }
    }
}
