/// What a caller says of the trace that its request belongs to: the header `traceparent` (W3C Trace Context, level 1).
struct TraceParent: Hashable, Sendable {
    let trace: TraceID
    let span: UInt64
    let isSampled: Bool

    /// Reads `00-<32 hex digits>-<16>-<2>`, small letters only. Newer versions may have more fields behind these; what
    /// cannot be read, and ids of zeros, are no trace: one begins here instead.
    init?(_ header: String) {
        let fields = header.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard fields.count >= 4, fields.count == 4 || !fields[0].elementsEqual("00".utf8),
            let version = Self.hex(fields[0], digits: 2), version != 0xFF,
            fields[1].count == 32, let high = Self.hex(fields[1].prefix(16), digits: 16),
            let low = Self.hex(fields[1].suffix(16), digits: 16), high | low != 0,
            let span = Self.hex(fields[2], digits: 16), span != 0,
            let flags = Self.hex(fields[3], digits: 2)
        else { return nil }
        self.trace = TraceID(high: high, low: low)
        self.span = span
        self.isSampled = flags & 1 == 1
    }

    private static func hex(_ text: some Collection<UInt8>, digits: Int) -> UInt64? {
        guard text.count == digits else { return nil }
        var value: UInt64 = 0
        for byte in text {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}

/// The 16 bytes that all spans of a trace share.
public struct TraceID: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hex digits.
    public var text: String { HexText.of(self.high) + HexText.of(self.low) }
}

/// Where one request stands in its trace.
public struct TraceContext: Hashable, Sendable {
    public let trace: TraceID
    /// The request's own span.
    let span: UInt64
    /// The caller's span; nil where the trace begins here.
    let parent: UInt64?
    /// Whether spans are kept. Engines are told in either case, so that they do as we do.
    public let isSampled: Bool

    package init(trace: TraceID, span: UInt64, parent: UInt64?, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.parent = parent
        self.isSampled = isSampled
    }

    /// The span of the request's `number`th call to an engine, from 1. It follows from the request's span, so that it
    /// need not be kept until the request has ended.
    func attempt(_ number: Int) -> UInt64 { Self.mixed(self.span, UInt64(number)) }

    /// The span of the request's `number`th wait, from 1.
    func wait(_ number: Int) -> UInt64 { Self.mixed(self.span, UInt64(number) | 1 << 32) }

    /// The header for the `number`th call to an engine.
    func header(attempt number: Int) -> String {
        "00-\(self.trace.text)-\(HexText.of(self.attempt(number)))-\(self.isSampled ? "01" : "00")"
    }

    /// The finaliser of splitmix64; 0 is no span.
    private static func mixed(_ span: UInt64, _ number: UInt64) -> UInt64 {
        var value = span &+ number &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
        return value == 0 ? 1 : value
    }
}
