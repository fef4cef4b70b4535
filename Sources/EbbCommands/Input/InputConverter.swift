import Batching
package import OpenAIWire

/// One line of a batch file, ready for upload.
package struct ConvertedLine: Sendable {
    /// Without a line feed.
    package let bytes: [UInt8]
    /// Where the request body lies in `bytes`.
    package let body: Range<Int>
    package let model: String
    /// nil when the request sets no limit.
    package let outputTokensMax: Int64?
}

/// Turns an input file into batch lines while its bytes stream by.
///
/// What the batch would fail for later is found here, with the line of the file as people see it. Memory: the
/// lines of one chunk, and the ids (at most `linesMax`).
package struct InputConverter {
    /// Flaws after which reading stops.
    package static let flawsMax = 20

    private let settings: InputSettings
    private var format: InputFormat?
    private var splitter = LineSplitter()
    private var csv = CSVParser()
    private var header: [String]?
    private var ids: [String: Int] = [:]
    /// The line that named `model`.
    private var modelLine = 0
    /// Where the lines that were converted stand in the file.
    package private(set) var places = LinePlaces()
    private var ready: [ConvertedLine] = []
    package private(set) var flaws: [InputFlaw] = []
    /// The endpoint of all lines; known with the first.
    package private(set) var endpoint: Endpoint?
    /// The model of all lines; known with the first.
    package private(set) var model: String?
    package private(set) var lineCount = 0
    /// Nothing but spaces came.
    private var isEmpty = true
    /// Lines that set no limit on their output.
    package private(set) var unlimitedCount = 0

    package init(_ settings: InputSettings) {
        self.settings = settings
        self.format = settings.format
        self.endpoint = settings.endpoint
    }

    package var isStopped: Bool { self.flaws.count >= Self.flawsMax }

    /// The lines that end in the next chunk.
    package mutating func feed(_ chunk: UnsafeRawBufferPointer) -> [ConvertedLine] {
        guard !self.isStopped, !chunk.isEmpty else { return [] }
        if self.format == nil {
            if Self.first(chunk) == UInt8(ascii: "[") {
                self.stop(InputFlaw(line: 1, Self.arrayAdvice))
                return []
            }
            self.format = Self.guess(chunk)
        }
        self.isEmpty = self.isEmpty && Self.first(chunk) == nil
        if self.format == .csv {
            do throws(InputFlaw) {
                for record in try self.csv.feed(chunk) { self.take(record) }
            } catch { self.stop(error) }
        } else {
            var splitter = self.splitter
            splitter.feed(chunk) { line, place in self.take(line, place) }
            self.splitter = splitter
        }
        return self.drain()
    }

    /// The last line, when the file does not end with a line end.
    package mutating func finish() -> [ConvertedLine] {
        guard !self.isStopped else { return [] }
        if self.format == .csv {
            do throws(InputFlaw) {
                if let record = try self.csv.finish() { self.take(record) }
            } catch { self.stop(error) }
        } else {
            var splitter = self.splitter
            splitter.finish { line, place in self.take(line, place) }
            self.splitter = splitter
        }
        if self.lineCount == 0, self.flaws.isEmpty {
            self.flaws.append(InputFlaw(line: 1, self.isEmpty ? "the file is empty" : "the file has no requests"))
        }
        return self.drain()
    }

    private mutating func drain() -> [ConvertedLine] {
        defer { self.ready.removeAll() }
        return self.flaws.isEmpty ? self.ready : []
    }

    /// A file that begins with a brace is JSON lines, every other one CSV.
    private static func guess(_ chunk: UnsafeRawBufferPointer) -> InputFormat? {
        Self.first(chunk).map { $0 == UInt8(ascii: "{") ? .jsonl : .csv }
    }

    /// The first byte that is no space.
    private static func first(_ chunk: UnsafeRawBufferPointer) -> UInt8? {
        chunk.first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
    }

    package static let arrayAdvice =
        "the file is a JSON array; one object a line is wanted. This makes such a file: jq -c '.[]' FILE > FILE.jsonl"

    /// A flaw behind which nothing can be read.
    private mutating func stop(_ flaw: InputFlaw) {
        self.flaws = Array((self.flaws + [flaw]).prefix(Self.flawsMax))
        while self.flaws.count < Self.flawsMax { self.flaws.append(flaw) }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ place: LineSplitter.Place) {
        if place.isBlank || self.isStopped { return }
        do throws(InputFlaw) {
            if place.isTooLong {
                throw InputFlaw(line: place.number, "it is longer than \(self.splitter.lineBytesMax) bytes")
            }
            if self.isBatch(bytes) {
                try self.takeBatchLine(bytes, place.number)
            } else {
                try self.takeRow(try Self.object(bytes, place.number), place.number)
            }
        } catch { self.flaws.append(error) }
    }

    /// Decided once, by the first line.
    private mutating func isBatch(_ line: UnsafeRawBufferPointer) -> Bool {
        if self.settings.format == nil, self.lineCount == 0, self.flaws.isEmpty {
            let reading = try? BatchLineReading.scan(line)
            if let reading, reading.body != .missing { self.format = .batch }
        }
        return self.format == .batch
    }

    private static func object(_ bytes: UnsafeRawBufferPointer, _ line: Int) throws(InputFlaw) -> [JSONValue.Member] {
        do throws(JSONError) {
            if let members = try JSONValue(parsing: bytes).members { return members }
        } catch {
            throw InputFlaw(line: line, "it is not valid JSON: \(error.sentence)")
        }
        throw InputFlaw(line: line, "it is not a JSON object")
    }

    private mutating func takeRow(_ fields: [JSONValue.Member], _ line: Int) throws(InputFlaw) {
        let row = InputRow(line: line, fields: fields)
        let endpoint = self.endpoint ?? .chatCompletions
        let maker = RequestMaker(self.settings, endpoint: endpoint, takesParameters: self.format != .csv)
        try self.emit(
            id: try RowID(row), body: try maker.body(row), endpoint: endpoint, line: line)
    }

    private mutating func take(_ record: CSVRecord) {
        guard !self.isStopped else { return }
        guard let header = self.header else {
            var seen: Set<String> = []
            for name in record.fields where !seen.insert(name).inserted {
                return self.stop(InputFlaw(line: record.line, field: name, "two columns have this name"))
            }
            let maker = RequestMaker(self.settings, endpoint: self.endpoint ?? .chatCompletions, takesParameters: false)
            if let missing = maker.missingColumn(record.fields) {
                let found = record.fields.map { "'\($0)'" }.joined(separator: ", ")
                return self.stop(
                    InputFlaw(
                        line: record.line, field: missing,
                        "no column has this name; there are \(found). Name the columns to use with --template"))
            }
            self.header = record.fields
            return
        }
        do throws(InputFlaw) {
            guard record.fields.count == header.count else {
                throw InputFlaw(
                    line: record.line, "it has \(record.fields.count) fields, and the header has \(header.count)")
            }
            let fields = zip(header, record.fields).map { JSONValue.Member($0, .string($1)) }
            try self.takeRow(fields, record.line)
        } catch { self.flaws.append(error) }
    }
}

// Batch lines, and what all lines have in common.
extension InputConverter {
    private mutating func takeBatchLine(_ bytes: UnsafeRawBufferPointer, _ line: Int) throws(InputFlaw) {
        let members = try Self.object(bytes, line)
        let whole = JSONValue.object(members)
        guard let body = whole["body"], body != .null else {
            throw InputFlaw(line: line, field: "body", "it is missing")
        }
        guard let bodyMembers = body.members else { throw InputFlaw(line: line, field: "body", "it must be an object") }
        let endpoint = try self.endpoint(of: whole, body, line)
        if let method = whole["method"], method != .null, method != .string("POST") {
            throw InputFlaw(line: line, field: "method", "it must be 'POST'")
        }
        if body["stream"] == .bool(true) {
            throw InputFlaw(line: line, field: "body.stream", "batch lines cannot stream; leave it out")
        }
        if self.settings.template != nil || self.settings.system != nil {
            throw InputFlaw(
                line: line, "the file has batch lines, whose bodies are complete: --template and --system do not apply")
        }
        let row = InputRow(line: line, fields: members)
        let maker = RequestMaker(self.settings, endpoint: endpoint, takesParameters: false)
        let completed = maker.completed(bodyMembers)
        let isWhole = whole["custom_id"]?.string != nil && whole["url"]?.string != nil && whole["method"]?.string != nil
        if isWhole, completed == bodyMembers {
            try self.emit(asIs: bytes, id: try RowID(row), line: line)
        } else {
            try self.emit(
                id: try RowID(row), body: completed, endpoint: endpoint, line: line)
        }
    }

    private mutating func endpoint(
        of whole: JSONValue, _ body: JSONValue, _ line: Int
    ) throws(InputFlaw) -> Endpoint {
        let named: Endpoint
        switch whole["url"] {
        case nil, .null?:
            named =
                self.endpoint
                ?? (body["messages"] != nil ? .chatCompletions : body["input"] != nil ? .embeddings : .completions)
        case .string(let path)?:
            guard let endpoint = Endpoint(path: path) else {
                let known = Endpoint.allCases.map(\.path).joined(separator: ", ")
                throw InputFlaw(line: line, field: "url", "'\(path)' cannot be run; use one of \(known)")
            }
            named = endpoint
        default:
            throw InputFlaw(line: line, field: "url", "it must be a text")
        }
        if let common = self.endpoint, common != named {
            throw InputFlaw(
                line: line, field: "url", "'\(named.path)' differs from '\(common.path)'; a file has one endpoint")
        }
        return named
    }

    /// A line as it came.
    private mutating func emit(asIs line: UnsafeRawBufferPointer, id: RowID, line number: Int) throws(InputFlaw) {
        try self.emit(Array(line), id: id, line: number)
    }

    private mutating func emit(
        id: RowID, body: [JSONValue.Member], endpoint: Endpoint, line: Int
    ) throws(InputFlaw) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("custom_id", id.text)
        writer.member("method", "POST")
        writer.member("url", endpoint.path)
        writer.key("body")
        JSONValue.object(body).write(to: &writer)
        writer.endObject()
        try self.emit(writer.bytes, id: id, line: line)
    }

    private mutating func emit(_ bytes: [UInt8], id: RowID, line: Int) throws(InputFlaw) {
        let reading = bytes.withUnsafeBytes { try? BatchLineReading.scan($0) }
        guard let reading, case .object(let slice) = reading.body else {
            throw InputFlaw(line: line, field: "body", "it cannot be read")
        }
        guard case .text(let name, _) = reading.model else {
            throw InputFlaw(line: line, field: "model", "it is missing; give one with --model")
        }
        let model = bytes.withUnsafeBytes { name.text(in: $0) }
        if let common = self.model, common != model {
            throw InputFlaw(
                line: line, field: "model",
                "'\(model)' differs from '\(common)' of line \(self.modelLine); a job has one model")
        }
        if let wanted = self.settings.model, wanted != model {
            throw InputFlaw(
                line: line, field: "model",
                "it is '\(model)', --model says '\(wanted)'; to run it as another model say --model \(model)=\(wanted)"
            )
        }
        if let earlier = self.ids.updateValue(line, forKey: id.text) { throw id.isTaken(by: earlier, line: line) }
        guard self.lineCount < self.settings.linesMax else {
            return self.stop(InputFlaw(line: line, "a job has at most \(self.settings.linesMax) lines; split the file"))
        }
        if self.model == nil { self.modelLine = line }
        self.model = model
        self.places.append(line)
        self.endpoint = Endpoint(path: Self.text(reading.url, bytes)) ?? self.endpoint
        self.lineCount += 1
        let outputs = self.endpoint == .embeddings ? 0 : reading.outputTokensMax
        if outputs == nil { self.unlimitedCount += 1 }
        self.ready.append(ConvertedLine(bytes: bytes, body: slice.range, model: model, outputTokensMax: outputs))
    }

    private static func text(_ reading: BatchLineReading.Text, _ bytes: [UInt8]) -> String {
        guard case .text(let slice, _) = reading else { return "" }
        return bytes.withUnsafeBytes { slice.text(in: $0) }
    }
}
