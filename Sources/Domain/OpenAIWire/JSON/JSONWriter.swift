/// An append-only writer of JSON text. Commas come by themselves; balance is the caller's business.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    public init(reserving capacity: Int = 256) {
        self.bytes = []
        self.bytes.reserveCapacity(capacity)
    }

    @inline(__always)
    private mutating func separate() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = true
    }

    public mutating func beginObject() { self.begin(UInt8(ascii: "{")) }
    public mutating func beginArray() { self.begin(UInt8(ascii: "[")) }
    public mutating func endObject() { self.end(UInt8(ascii: "}")) }
    public mutating func endArray() { self.end(UInt8(ascii: "]")) }

    private mutating func begin(_ bracket: UInt8) {
        self.separate()
        self.bytes.append(bracket)
        self.needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        self.bytes.append(bracket)
        self.needsComma = true
    }

    public mutating func key(_ name: String) {
        self.separate()
        Self.appendQuoted(name, to: &self.bytes)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    public mutating func string(_ text: String) {
        self.separate()
        Self.appendQuoted(text, to: &self.bytes)
    }

    public mutating func integer(_ value: some BinaryInteger) { self.raw(String(value).utf8) }
    public mutating func bool(_ value: Bool) { self.raw(value ? "true" : "false") }
    public mutating func null() { self.raw("null") }

    /// Text that already is one JSON value.
    public mutating func raw(_ text: some Sequence<UInt8>) {
        self.separate()
        self.bytes.append(contentsOf: text)
    }

    public mutating func raw(_ text: StaticString) {
        self.raw(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A member whose value is a string, or null.
    public mutating func member(_ name: String, _ value: String?) {
        self.key(name)
        if let value { self.string(value) } else { self.null() }
    }

    /// A member whose value is an integer, or null.
    public mutating func member(_ name: String, _ value: Int64?) {
        self.key(name)
        if let value { self.integer(value) } else { self.null() }
    }

    public mutating func member(_ name: String, _ value: Bool) {
        self.key(name)
        self.bool(value)
    }

    /// A member whose value is JSON text already.
    public mutating func member(_ name: String, raw value: some Sequence<UInt8>) {
        self.key(name)
        self.raw(value)
    }

    /// Appends the JSON string that spells `text`: quotes, backslashes and control characters are escaped.
    public static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            // What needs no escape, mostly everything, goes over at once.
            var start = 0
            for index in text.indices where Self.isEscaped(text[index]) {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                Self.appendEscaped(text[index], to: &bytes)
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case 0x0D: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
        case 0x09: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(Self.hexDigits[Int(byte >> 4)])
            bytes.append(Self.hexDigits[Int(byte & 15)])
        default: bytes += [UInt8(ascii: "\\"), byte]
        }
    }

    /// The JSON string that spells `text`.
    public static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        self.appendQuoted(text, to: &bytes)
        return bytes
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
