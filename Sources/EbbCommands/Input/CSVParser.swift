/// One record of a CSV file.
package struct CSVRecord: Hashable, Sendable {
    /// The line on which the record begins, from 1.
    package let line: Int
    package let fields: [String]

    package init(line: Int, fields: [String]) {
        self.line = line
        self.fields = fields
    }
}

/// Cuts a stream of bytes into CSV records as RFC 4180 describes them, whatever the borders of its chunks.
///
/// Fields are separated by commas and may be quoted; a quoted field may hold commas, line ends and doubled quotes.
/// Lines end with CRLF or LF. A byte order mark at the start and empty lines are left out. Memory: one record, at most
/// `recordBytesMax` bytes.
package struct CSVParser: Sendable {
    package static let recordBytesMax = 16 * 1_024 * 1_024

    private enum Place {
        case fieldStart, bare, quoted
        /// Behind a quote inside a quoted field: the end of the field, or the first of two.
        case afterQuote
        /// Behind a carriage return outside of quotes.
        case afterReturn
    }

    private var place = Place.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var recordBytes = 0
    private var line = 1
    private var recordLine = 1
    private var quoteLine = 1
    /// Bytes of a byte order mark seen so far; nil once the file's first bytes are known.
    private var markBytes: Int? = 0
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    package init() {}

    /// The records that end in the next chunk.
    package mutating func feed(_ chunk: UnsafeRawBufferPointer) throws(InputFlaw) -> [CSVRecord] {
        var records: [CSVRecord] = []
        for byte in chunk {
            if let seen = self.markBytes {
                if byte == Self.mark[seen] {
                    self.markBytes = seen == 2 ? nil : seen + 1
                    continue
                }
                self.markBytes = nil
                for early in Self.mark.prefix(seen) { try self.take(early, &records) }
            }
            try self.take(byte, &records)
        }
        return records
    }

    /// The last record, when the file does not end with a line end.
    package mutating func finish() throws(InputFlaw) -> CSVRecord? {
        switch self.place {
        case .quoted:
            throw InputFlaw(line: self.quoteLine, "the quote that begins here is never closed")
        case .fieldStart where self.fields.isEmpty:
            return nil
        case .fieldStart, .bare, .afterQuote, .afterReturn:
            try self.endField()
            return self.endRecord()
        }
    }

    private mutating func take(_ byte: UInt8, _ records: inout [CSVRecord]) throws(InputFlaw) {
        switch (self.place, byte) {
        case (.quoted, UInt8(ascii: "\"")):
            self.place = .afterQuote
        case (.quoted, _):
            if byte == 0x0A { self.line += 1 }
            try self.append(byte)
        case (.afterQuote, UInt8(ascii: "\"")):
            try self.append(byte)
            self.place = .quoted
        case (.afterReturn, 0x0A), (_, 0x0A):
            try self.endLine(&records)
        case (.afterReturn, _):
            throw InputFlaw(line: self.line, "a carriage return outside of quotes is not followed by a line feed")
        case (_, UInt8(ascii: ",")):
            try self.endField()
        case (_, 0x0D):
            self.place = .afterReturn
        case (.afterQuote, _):
            throw InputFlaw(
                line: self.line, field: "column \(self.fields.count + 1)",
                "only a comma or the end of the line may follow a closing quote")
        case (.fieldStart, UInt8(ascii: "\"")):
            self.place = .quoted
            self.quoteLine = self.line
        case (.bare, UInt8(ascii: "\"")):
            throw InputFlaw(
                line: self.line, field: "column \(self.fields.count + 1)",
                "a quote inside a field that does not begin with one; quote the whole field and double the quote")
        case (.fieldStart, _), (.bare, _):
            self.place = .bare
            try self.append(byte)
        }
    }

    private mutating func append(_ byte: UInt8) throws(InputFlaw) {
        self.field.append(byte)
        self.recordBytes += 1
        guard self.recordBytes <= Self.recordBytesMax else {
            throw InputFlaw(line: self.recordLine, "the record is longer than \(Self.recordBytesMax) bytes")
        }
    }

    private mutating func endField() throws(InputFlaw) {
        guard let text = String(validating: self.field, as: UTF8.self) else {
            throw InputFlaw(line: self.line, field: "column \(self.fields.count + 1)", "the text is not valid UTF-8")
        }
        self.fields.append(text)
        self.field.removeAll(keepingCapacity: true)
        self.place = .fieldStart
    }

    private mutating func endLine(_ records: inout [CSVRecord]) throws(InputFlaw) {
        // A line with nothing on it is no record; one with an empty quoted field is.
        let isBlank = self.fields.isEmpty && self.field.isEmpty && self.place != .afterQuote
        if isBlank {
            self.place = .fieldStart
        } else {
            try self.endField()
            records.append(self.endRecord())
        }
        self.line += 1
        self.recordLine = self.line
    }

    private mutating func endRecord() -> CSVRecord {
        defer {
            self.fields = []
            self.recordBytes = 0
        }
        return CSVRecord(line: self.recordLine, fields: self.fields)
    }
}
