/// One server-sent event. The payload is only valid while the parser's callback runs.
public struct SSEEvent {
    /// The data lines, joined by line feeds.
    public let payload: UnsafeRawBufferPointer
    /// The `event:` field; nil when absent.
    public let name: String?
}

/// Why an event stream is given up.
public enum SSEError: Error, Hashable, Sendable {
    /// A line, or all data lines of one event, exceed the parser's limit in bytes.
    case tooLong(maximum: Int)
}

/// Splits a byte stream into server-sent events, in whatever cuts it arrives (WHATWG HTML, 9.2).
///
/// Understands LF, CRLF and CR line ends and a leading byte order mark; comments, `id` and `retry` are ignored. Work is
/// linear in the bytes pushed. An event that lies in one pushed buffer with one data line is handed out without a copy.
public struct SSEParser: Sendable {
    /// 16 MiB: room for a base64 audio or image event.
    public static let eventBytesMax = 16 << 20

    private let limit: Int
    /// The beginning of a line whose end has not arrived.
    private var carry: [UInt8] = []
    /// Data lines of the event that is being collected, when they could not stay in the pushed buffer.
    private var data: [UInt8] = []
    private var hasData = false
    private var name: String?
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    private var skipsLineFeed = false
    private var isAtStart = true

    public init(eventBytesMax limit: Int = Self.eventBytesMax) { self.limit = limit }

    /// Takes the next bytes and calls `body` for every event that is complete now.
    ///
    /// After an error the parser must not be used any more.
    public mutating func push(_ bytes: [UInt8], _ body: (SSEEvent) -> Void) throws(SSEError) {
        try withJSONBytes(bytes) { (buffer) throws(SSEError) in try self.push(buffer, body) }
    }

    public mutating func push(_ bytes: UnsafeRawBufferPointer, _ body: (SSEEvent) -> Void) throws(SSEError) {
        /// One data line that still lies in `bytes`.
        var held: Range<Int>?
        var at = 0
        while at < bytes.count {
            if self.skipsLineFeed {
                self.skipsLineFeed = false
                if bytes[at] == 0x0A {
                    at += 1
                    continue
                }
            }
            let end = LineEnds.nextEnd(in: bytes, from: at)
            guard end < bytes.count else {
                try self.keep(bytes.part(at..<bytes.count))
                break
            }
            self.skipsLineFeed = bytes[end] == 0x0D
            if self.carry.isEmpty {
                try self.line(bytes, at..<end, &held, body)
            } else {
                try self.keep(bytes.part(at..<end))
                var none: Range<Int>?
                let whole = self.carry
                self.carry = []
                self.flush(&held, bytes)
                try withJSONBytes(whole) { (buffer) throws(SSEError) in
                    try self.line(buffer, 0..<buffer.count, &none, body)
                    self.flush(&none, buffer)
                }
            }
            at = end + 1
        }
        self.flush(&held, bytes)
    }

    /// The stream has ended: hands out an event that lacks its final blank line, as some engines leave it.
    public mutating func finish(_ body: (SSEEvent) -> Void) throws(SSEError) {
        if !self.carry.isEmpty { try self.push([0x0A], body) }
        try self.push([0x0A], body)
    }

    private mutating func keep(_ part: UnsafeRawBufferPointer) throws(SSEError) {
        guard self.carry.count + part.count <= self.limit else { throw .tooLong(maximum: self.limit) }
        self.carry.append(contentsOf: part)
    }

    /// Moves a data line that lies in a buffer which is about to vanish into the parser's own storage.
    private mutating func flush(_ held: inout Range<Int>?, _ bytes: UnsafeRawBufferPointer) {
        guard let range = held else { return }
        self.data.append(contentsOf: bytes.part(range))
        held = nil
    }

    private mutating func line(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, _ held: inout Range<Int>?, _ body: (SSEEvent) -> Void
    ) throws(SSEError) {
        var start = line.lowerBound
        if self.isAtStart {
            self.isAtStart = false
            if line.count >= 3, bytes[start] == 0xEF, bytes[start + 1] == 0xBB, bytes[start + 2] == 0xBF { start += 3 }
        }
        guard start < line.upperBound else {
            self.dispatch(bytes, held, body)
            held = nil
            return
        }
        let scanner = JSONScanner(bytes)
        let rest = start..<line.upperBound
        if scanner.equals("data", at: start), let value = Self.value(bytes, rest, nameLength: 4) {
            try self.addData(bytes, value, &held)
        } else if scanner.equals("event", at: start), let value = Self.value(bytes, rest, nameLength: 5) {
            self.name = String(decoding: bytes.part(value), as: UTF8.self)
        }
    }

    private mutating func addData(
        _ bytes: UnsafeRawBufferPointer, _ value: Range<Int>, _ held: inout Range<Int>?
    ) throws(SSEError) {
        let before = self.data.count + (held?.count ?? 0)
        guard before + value.count < self.limit else { throw .tooLong(maximum: self.limit) }
        if self.hasData {
            self.flush(&held, bytes)
            self.data.append(0x0A)
            self.data.append(contentsOf: bytes.part(value))
        } else {
            self.hasData = true
            held = value
        }
    }

    private mutating func dispatch(
        _ bytes: UnsafeRawBufferPointer, _ held: Range<Int>?, _ body: (SSEEvent) -> Void
    ) {
        defer {
            self.hasData = false
            self.name = nil
            if !self.data.isEmpty { self.data.removeAll(keepingCapacity: self.data.capacity <= 65_536) }
        }
        guard self.hasData else { return }
        if let held {
            body(SSEEvent(payload: bytes.part(held), name: self.name))
        } else {
            self.data.withUnsafeBytes { body(SSEEvent(payload: $0, name: self.name)) }
        }
    }

    /// What follows `name:` and one optional space; empty when the line is the bare name; nil for a longer name.
    private static func value(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, nameLength: Int
    ) -> Range<Int>? {
        var start = line.lowerBound + nameLength
        guard start <= line.upperBound else { return nil }
        if start == line.upperBound { return start..<start }
        guard bytes[start] == UInt8(ascii: ":") else { return nil }
        start += 1
        if start < line.upperBound, bytes[start] == 0x20 { start += 1 }
        return start..<line.upperBound
    }
}

extension SSEParser {
    /// Writes one event: every line of the payload as a `data:` line, then a blank line.
    public static func append(_ payload: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var start = 0
        while true {
            bytes.append(contentsOf: Self.dataField)
            let end = Self.lineFeed(in: payload, from: start)
            bytes.append(contentsOf: payload.part(start..<end))
            bytes.append(0x0A)
            if end == payload.count { break }
            start = end + 1
        }
        bytes.append(0x0A)
    }

    public static func append(_ payload: [UInt8], to bytes: inout [UInt8]) {
        payload.withUnsafeBytes { self.append($0, to: &bytes) }
    }

    private static let dataField = Array("data: ".utf8)

    /// The offset of the next line feed, or the end. A carriage return would end the line too, but JSON escapes it.
    private static func lineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while true {
            at = LineEnds.nextEnd(in: bytes, from: at)
            if at == bytes.count || bytes[at] == 0x0A { return at }
            at += 1
        }
    }

    /// `data: [DONE]` and a blank line.
    public static let done = Array("data: [DONE]\n\n".utf8)
}
