import Batching
import OpenAIWire
import Quantities

/// Reads one line of a batch input file into the neutral facts that Batching judges.
struct LineReader {
    /// Input and output bytes that count as one token in estimates made while a file streams by.
    static let bytesPerToken = 4

    static func facts(
        _ line: UnsafeRawBufferPointer, _ place: LineSplitter.Place
    ) -> (facts: LineFacts, reading: BatchLineReading?) {
        let length = UInt32(clamping: place.length)
        func result(_ reading: LineFacts.Reading) -> LineFacts {
            LineFacts(offset: place.offset, length: length, reading: reading)
        }
        if place.isTooLong { return (result(.tooLong), nil) }
        if place.isBlank { return (result(.blank), nil) }
        do throws(JSONError) {
            let reading = try BatchLineReading.scan(line)
            return (result(.request(Self.request(reading, line))), reading)
        } catch {
            return (result(.notJSON), nil)
        }
    }

    private static func request(
        _ reading: BatchLineReading, _ line: UnsafeRawBufferPointer
    ) -> Batching.RequestFacts {
        let url: Batching.RequestFacts.URL
        switch reading.url {
        case .missing: url = .missing
        case .wrongType: url = .wrongType
        case .text(let slice, _):
            url = BatchEndpoint(rawValue: slice.text(in: line)).map { .endpoint($0) } ?? .other
        }
        let body: Batching.RequestFacts.Body
        switch reading.body {
        case .missing: body = .missing
        case .wrongType: body = .wrongType
        case .object(let slice): body = .object(Self.body(reading, slice, url, line))
        }
        let method: Batching.RequestFacts.Method = reading.isPost.map { $0 ? .post : .other } ?? .missing
        return Batching.RequestFacts(customID: Self.text(reading.customID), method: method, url: url, body: body)
    }

    private static func body(
        _ reading: BatchLineReading, _ slice: JSONSlice, _ url: Batching.RequestFacts.URL,
        _ line: UnsafeRawBufferPointer
    ) -> BodyFacts {
        var hasSubject = true
        if case .endpoint(let endpoint) = url {
            switch endpoint.subject {
            case "messages": hasSubject = reading.hasMessages
            case "input": hasSubject = reading.hasInput
            default: break
            }
        }
        return BodyFacts(
            model: Self.text(reading.model), hasSubject: hasSubject, streams: reading.streams,
            inputCount: url == .endpoint(.embeddings) ? Self.inputCount(slice, line) : 1,
            promptTokens: UInt32(clamping: slice.range.count / Self.bytesPerToken),
            outputTokens: UInt32(clamping: reading.outputTokensMax ?? 0))
    }

    /// Inputs of an embedding request; a list of token numbers is one, as a text is.
    private static func inputCount(_ body: JSONSlice, _ line: UnsafeRawBufferPointer) -> UInt32 {
        var count: UInt32 = 1
        do throws(JSONError) {
            var scanner = JSONScanner(UnsafeRawBufferPointer(rebasing: line[body.range]))
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                let isInput = scanner.matches(key, "input")
                if isInput { count = 1 }
                guard isInput, try scanner.peekKind() == .array else {
                    _ = try scanner.value()
                    continue
                }
                count = try Self.elementCount(&scanner)
            }
        } catch { return 1 }
        return count
    }

    private static func elementCount(_ scanner: inout JSONScanner) throws(JSONError) -> UInt32 {
        var count: UInt32 = 0
        var isTokens = false
        try scanner.openArray()
        while try scanner.nextElement() {
            if try scanner.value().kind == .number { isTokens = true }
            count += 1
        }
        return isTokens ? 1 : count
    }

    private static func text(_ text: BatchLineReading.Text) -> TextReading {
        switch text {
        case .missing: .missing
        case .wrongType: .wrongType
        case .text(_, let hash): .text(Hash128(high: hash.high, low: hash.low))
        }
    }

    static func string(_ text: BatchLineReading.Text?, _ line: UnsafeRawBufferPointer) -> String {
        if case .text(let slice, _)? = text { return slice.text(in: line) }
        return ""
    }
}
