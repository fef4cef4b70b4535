/// Why a `multipart/form-data` body cannot be read.
package enum MultipartError: Error, Equatable, Sendable {
    case noBoundary
    case malformed(String)
    case headersTooLong
    case tooManyParts
}

/// Splits a `multipart/form-data` body (RFC 7578) as it streams in, in any cuts, with bounded memory.
///
/// No Swift package for this is available that streams, hence this small state machine: bytes in, events out. It keeps
/// back at most one delimiter's length of data.
package struct MultipartParser: Sendable {
    package static let headerBytesMax = 16 * 1_024
    package static let partsMax = 64
    /// Spaces that may follow a boundary (RFC 2046 allows some).
    package static let paddingMax = 256
    /// RFC 2046 allows 70 characters.
    package static let boundaryBytesMax = 200

    package enum Event: Equatable, Sendable {
        case partBegan(name: String, filename: String?)
        case data([UInt8])
        case partEnded
    }

    private enum State: Equatable { case preamble, afterDelimiter, headers, data, epilogue }

    /// `\r\n--boundary`; the body is read as if it began with `\r\n`.
    private let delimiter: [UInt8]
    private var state = State.preamble
    private var buffer: [UInt8] = [13, 10]
    private var parts = 0

    package init(boundary: String) throws(MultipartError) {
        guard !boundary.isEmpty, boundary.utf8.count <= Self.boundaryBytesMax else { throw .noBoundary }
        self.delimiter = [13, 10, 45, 45] + Array(boundary.utf8)
    }

    /// The `boundary` parameter of a `multipart/form-data` content type.
    package static func boundary(contentType: String) -> String? {
        guard contentType.lowercased().hasPrefix("multipart/form-data") else { return nil }
        return HeaderParameters.parse(contentType)["boundary"]
    }

    package var isComplete: Bool { self.state == .epilogue }

    package mutating func push(
        _ bytes: UnsafeRawBufferPointer, _ emit: (Event) throws -> Void
    ) throws {
        if self.state == .epilogue { return }
        self.buffer.append(contentsOf: bytes)
        while try self.step(emit) {}
    }

    /// One step; false when more bytes are needed.
    private mutating func step(_ emit: (Event) throws -> Void) throws -> Bool {
        switch self.state {
        case .preamble: return self.skipPreamble()
        case .afterDelimiter: return try self.readDelimiterEnd()
        case .headers: return try self.readHeaders(emit)
        case .data: return try self.readData(emit)
        case .epilogue:
            self.buffer.removeAll()
            return false
        }
    }

    private mutating func skipPreamble() -> Bool {
        guard let at = ByteSearch.find(self.delimiter, in: self.buffer) else {
            self.drop(max(0, self.buffer.count - self.delimiter.count))
            return false
        }
        self.drop(at + self.delimiter.count)
        self.state = .afterDelimiter
        return true
    }

    private mutating func readDelimiterEnd() throws -> Bool {
        var at = 0
        while at < self.buffer.count, self.buffer[at] == 32 || self.buffer[at] == 9 { at += 1 }
        guard at <= Self.paddingMax else { throw MultipartError.malformed("too much space after a boundary") }
        guard self.buffer.count >= at + 2 else { return false }
        if self.buffer[at] == 45, self.buffer[at + 1] == 45 {
            self.state = .epilogue
        } else if self.buffer[at] == 13, self.buffer[at + 1] == 10 {
            self.parts += 1
            if self.parts > Self.partsMax { throw MultipartError.tooManyParts }
            // The header block is read as if it began with CRLF, so that an empty one ends at once.
            self.drop(at)
            self.state = .headers
        } else {
            throw MultipartError.malformed("unexpected bytes after a boundary")
        }
        return true
    }

    private mutating func readHeaders(_ emit: (Event) throws -> Void) throws -> Bool {
        guard let end = ByteSearch.find([13, 10, 13, 10], in: self.buffer) else {
            if self.buffer.count > Self.headerBytesMax { throw MultipartError.headersTooLong }
            return false
        }
        let block = String(decoding: self.buffer[..<end], as: UTF8.self)
        self.drop(end + 4)
        var disposition: [String: String] = [:]
        for line in block.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            if line[..<colon].lowercased() == "content-disposition" {
                disposition = HeaderParameters.parse(String(line[line.index(after: colon)...]))
            }
        }
        guard let name = disposition["name"] else {
            throw MultipartError.malformed("a part has no name")
        }
        self.state = .data
        try emit(.partBegan(name: name, filename: disposition["filename"]))
        return true
    }

    private mutating func readData(_ emit: (Event) throws -> Void) throws -> Bool {
        if let at = ByteSearch.find(self.delimiter, in: self.buffer) {
            if at > 0 { try emit(.data(Array(self.buffer[..<at]))) }
            self.drop(at + self.delimiter.count)
            self.state = .afterDelimiter
            try emit(.partEnded)
            return true
        }
        // All but a possible beginning of the delimiter is data.
        let safe = self.buffer.count - self.delimiter.count + 1
        if safe > 0 {
            try emit(.data(Array(self.buffer[..<safe])))
            self.drop(safe)
        }
        return false
    }

    private mutating func drop(_ count: Int) { self.buffer.removeFirst(count) }
}

/// Finds a short byte pattern: eight bytes at a time for its first byte, which is rare in what is searched.
enum ByteSearch {
    static func find(_ pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { haystack in
            guard let first = pattern.first, haystack.count >= pattern.count else { return nil }
            let last = haystack.count - pattern.count
            var at = 0
            while at <= last {
                at = self.next(first, in: haystack, from: at)
                if at > last { return nil }
                if haystack[at..<at + pattern.count].elementsEqual(pattern) { return at }
                at += 1
            }
            return nil
        }
    }

    /// The offset of the next such byte, or the end.
    private static func next(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var at = start
        while at &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let difference = word ^ (ones &* UInt64(byte))
            let marks = (difference &- ones) & ~difference & highs
            if marks != 0 { return at &+ marks.trailingZeroBitCount &>> 3 }
            at &+= 8
        }
        while at < bytes.count, bytes[at] != byte { at &+= 1 }
        return at
    }
}

/// Reads `value; key=token; key="quoted \" text"` of a header.
enum HeaderParameters {
    static func parse(_ header: String) -> [String: String] {
        var result: [String: String] = [:]
        let characters = Array(header)
        var at = characters.firstIndex(of: ";") ?? characters.count
        while at < characters.count {
            at += 1
            var name = ""
            while at < characters.count, characters[at] != "=", characters[at] != ";" {
                name.append(characters[at])
                at += 1
            }
            name = name.trimmingSpaces().lowercased()
            guard at < characters.count, characters[at] == "=" else { continue }
            at += 1
            var value = ""
            while at < characters.count, characters[at] == " " { at += 1 }
            if at < characters.count, characters[at] == "\"" {
                at += 1
                while at < characters.count, characters[at] != "\"" {
                    if characters[at] == "\\", at + 1 < characters.count { at += 1 }
                    value.append(characters[at])
                    at += 1
                }
                while at < characters.count, characters[at] != ";" { at += 1 }
            } else {
                while at < characters.count, characters[at] != ";" {
                    value.append(characters[at])
                    at += 1
                }
                value = value.trimmingSpaces()
            }
            if !name.isEmpty { result[name] = value }
        }
        return result
    }
}

extension String {
    func trimmingSpaces() -> String {
        var view = self[...]
        while let first = view.first, first.isWhitespace { view = view.dropFirst() }
        while let last = view.last, last.isWhitespace { view = view.dropLast() }
        return String(view)
    }
}
