/// One validating pass over a JSON text (RFC 8259 and UTF-8), without allocation.
///
/// The scanner is a cursor: open an object, ask for key after key, take or skip each value. Every byte that the cursor
/// passes has been validated, also in values that are skipped; `finish()` checks that nothing follows.
///
///     var scanner = JSONScanner(buffer)
///     try scanner.openObject()
///     while let key = try scanner.nextKey() {
///         let value = try scanner.value()
///         if scanner.matches(key, "model") { … }
///     }
///     try scanner.finish()
///
/// Duplicate keys are legal JSON and are all reported, in order; who walks an object decides (the facts of this room
/// let the last one win, as JSON libraries do). Escapes of lone surrogates are legal too and decode to U+FFFD.
/// A byte order mark is not skipped: it is an error. The buffer must outlive the scanner.
public struct JSONScanner {
    /// Open arrays and objects at one time, at most.
    public static let depthMax = 128

    @usableFromInline let bytes: UnsafeRawBufferPointer
    /// Where the next byte will be read.
    public internal(set) var offset: Int
    var depth = 0
    /// True between an opening bracket and the first element: no comma is due.
    var isFirst = false

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        self.offset = 0
    }

    /// A scanner over a part of the buffer; offsets still count from the start of the buffer.
    init(_ bytes: UnsafeRawBufferPointer, from offset: Int, depth: Int = 0) {
        self.bytes = bytes
        self.offset = offset
        self.depth = depth
    }

    @inline(__always) var count: Int { self.bytes.count }

    @inline(__always)
    func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(offset: self.offset, reason: reason) }

    @inline(__always)
    mutating func skipWhitespace() {
        while self.offset < self.count {
            let byte = self.bytes[self.offset]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            self.offset += 1
        }
    }

    /// Skips white space and returns the byte there without consuming it.
    @inline(__always)
    mutating func peek() throws(JSONError) -> UInt8 {
        self.skipWhitespace()
        guard self.offset < self.count else { throw self.failure(.unexpectedEnd) }
        return self.bytes[self.offset]
    }

    /// The kind of the value that comes next; it is not consumed.
    public mutating func peekKind() throws(JSONError) -> JSONKind {
        switch try self.peek() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw self.failure(.unexpectedByte)
        }
    }

    /// Enters the object that comes next.
    public mutating func openObject() throws(JSONError) {
        guard try self.peek() == UInt8(ascii: "{") else { throw self.failure(.expectedObject) }
        try self.enter()
    }

    /// Enters the array that comes next.
    public mutating func openArray() throws(JSONError) {
        guard try self.peek() == UInt8(ascii: "[") else { throw self.failure(.expectedArray) }
        try self.enter()
    }

    @inline(__always)
    mutating func enter() throws(JSONError) {
        guard self.depth < Self.depthMax else { throw self.failure(.tooDeep) }
        self.depth += 1
        self.offset += 1
        self.isFirst = true
    }

    /// The next key of the open object, or nil after its closing brace.
    public mutating func nextKey() throws(JSONError) -> JSONSlice? {
        guard try self.continues(until: UInt8(ascii: "}")) else { return nil }
        return try self.key()
    }

    /// True when another element of the open array follows; false after its closing bracket.
    public mutating func nextElement() throws(JSONError) -> Bool {
        try self.continues(until: UInt8(ascii: "]"))
    }

    @inline(__always)
    private mutating func continues(until close: UInt8) throws(JSONError) -> Bool {
        let byte = try self.peek()
        if byte == close {
            self.offset += 1
            self.depth -= 1
            self.isFirst = false
            return false
        }
        if self.isFirst {
            self.isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw self.failure(.unexpectedByte) }
        self.offset += 1
        return true
    }

    /// A key and its colon.
    @inline(__always)
    mutating func key() throws(JSONError) -> JSONSlice {
        guard try self.peek() == UInt8(ascii: "\"") else { throw self.failure(.unexpectedByte) }
        let start = self.offset
        let isEscaped = try self.scanString()
        let slice = JSONSlice(kind: .string, range: start..<self.offset, isEscaped: isEscaped)
        guard try self.peek() == UInt8(ascii: ":") else { throw self.failure(.unexpectedByte) }
        self.offset += 1
        return slice
    }

    /// Consumes and validates the next value, whatever it is.
    public mutating func value() throws(JSONError) -> JSONSlice {
        let first = try self.peek()
        let start = self.offset
        switch first {
        case UInt8(ascii: "\""):
            let isEscaped = try self.scanString()
            return JSONSlice(kind: .string, range: start..<self.offset, isEscaped: isEscaped)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try self.skipContainer()
            return JSONSlice(kind: first == UInt8(ascii: "{") ? .object : .array, range: start..<self.offset)
        default:
            let kind = try self.scanPlain(first)
            return JSONSlice(kind: kind, range: start..<self.offset)
        }
    }

    /// Checks that only white space is left.
    public mutating func finish() throws(JSONError) {
        self.skipWhitespace()
        guard self.offset == self.count else { throw self.failure(.trailingBytes) }
    }
}
