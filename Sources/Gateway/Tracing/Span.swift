public import Quantities

/// One span as OpenTelemetry knows it.
public struct Span: Hashable, Sendable {
    public enum Kind: Int, Sendable {
        case `internal` = 1
        case server, client
    }

    public enum Value: Hashable, Sendable {
        case text(String), integer(Int64), number(Double)
    }

    public struct Attribute: Hashable, Sendable {
        public let name: String
        public let value: Value

        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    public struct Event: Hashable, Sendable {
        public let name: String
        public let at: Instant
    }

    public let trace: TraceID
    let id: UInt64
    let parent: UInt64?
    public let name: String
    public let kind: Kind
    public let start: Instant
    public internal(set) var end: Instant
    public internal(set) var attributes: [Attribute] = []
    public internal(set) var events: [Event] = []
    /// Why it failed; nil: it did not.
    public internal(set) var error: String?

    init(_ context: TraceContext, id: UInt64, parent: UInt64?, name: String, kind: Kind, start: Instant, end: Instant) {
        self.trace = context.trace
        self.id = id
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
    }

    /// 16 hex digits.
    public var idText: String { HexText.of(self.id) }
    public var parentText: String? { self.parent.map { HexText.of($0) } }

    mutating func add(_ name: String, _ text: String?) {
        if let text { self.attributes.append(Attribute(name: name, value: .text(text))) }
    }

    mutating func add(_ name: String, _ count: Int64) {
        self.attributes.append(Attribute(name: name, value: .integer(count)))
    }

    mutating func add(_ name: String, _ number: Double) {
        self.attributes.append(Attribute(name: name, value: .number(number)))
    }
}
