extension FileFacts {
    private static let version: UInt16 = 1
    private static let noEndpoint: UInt8 = 255

    /// The compact binary form that the index carries.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.version)
        writer.append(UInt8(self.firstLineIsJSON ? 1 : 0))
        for count in [
            self.byteCount, self.lineCount, self.checkedCount, self.promptTokens, self.outputTokens,
            self.embeddingInputs,
        ] { writer.append(UInt64(count)) }
        writer.append(optional: self.model)
        writer.append(UInt32(self.modelLine))
        writer.append(UInt64(self.problemCount))
        writer.append(UInt32(self.problems.count))
        for problem in self.problems {
            writer.append(problem.endpoint?.ordinal ?? Self.noEndpoint)
            writer.append(text: problem.error.code.rawValue)
            writer.append(text: problem.error.message)
            writer.append(optional: problem.error.param)
            writer.append(UInt32(problem.error.line ?? 0))
        }
        writer.append(UInt32(self.endpoints.count))
        for slot in self.endpoints {
            writer.append(UInt64(slot.count))
            writer.append(UInt32(slot.first.count))
            for line in slot.first { writer.append(line) }
        }
        return writer.bytes
    }

    /// Reads `encoded()`; anything else is a typed error.
    public init(encoded bytes: [UInt8]) throws(LineIndexError) {
        var reader = ByteReader(bytes)
        let version = try reader.next(UInt16.self)
        guard version == Self.version else { throw .unsupportedVersion(Int(version)) }
        self.init()
        self.firstLineIsJSON = try reader.next(UInt8.self) == 1
        self.byteCount = try Self.count(&reader)
        self.lineCount = try Self.count(&reader)
        self.checkedCount = try Self.count(&reader)
        self.promptTokens = try Self.count(&reader)
        self.outputTokens = try Self.count(&reader)
        self.embeddingInputs = try Self.count(&reader)
        self.model = try reader.optionalText()
        self.modelLine = Int(try reader.next(UInt32.self))
        self.problemCount = try Self.count(&reader)
        for _ in 0..<(try reader.count(itemBytes: 14)) { self.problems.append(try Self.problem(&reader)) }
        let slots = try reader.count(itemBytes: 12)
        guard slots == self.endpoints.count else { throw .malformed("another number of endpoints") }
        for slot in 0..<slots {
            self.endpoints[slot].count = try Self.count(&reader)
            for _ in 0..<(try reader.count(itemBytes: 4)) {
                self.endpoints[slot].first.append(try reader.next(UInt32.self))
            }
        }
        guard reader.left == 0 else { throw .malformed("bytes after the facts") }
        guard self.checkedCount <= self.lineCount else { throw .malformed("more lines checked than counted") }
        guard self.problems.count <= self.problemCount else { throw .malformed("more problems kept than counted") }
    }

    private static func count(_ reader: inout ByteReader) throws(LineIndexError) -> Int {
        guard let count = Int(exactly: try reader.next(UInt64.self)) else { throw .malformed("a count is too large") }
        return count
    }

    private static func problem(_ reader: inout ByteReader) throws(LineIndexError) -> Problem {
        let tag = try reader.next(UInt8.self)
        let all = BatchEndpoint.allCases
        guard tag == Self.noEndpoint || Int(tag) < all.count else { throw .malformed("unknown endpoint") }
        let code = try reader.text()
        guard let code = LineError.Code(rawValue: code) else { throw .malformed("unknown error code") }
        let message = try reader.text()
        let param = try reader.optionalText()
        let line = Int(try reader.next(UInt32.self))
        let error = LineError(code: code, message: message, param: param, line: line == 0 ? nil : line)
        return Problem(error: error, endpoint: tag == Self.noEndpoint ? nil : all[Int(tag)])
    }
}
