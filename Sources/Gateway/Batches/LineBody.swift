import OpenAIWire

/// The request inside a batch line.
struct LineBody {
    let bytes: [UInt8]
    let facts: OpenAIWire.RequestFacts
    /// As it stands in the line, with its quotes; the result repeats it.
    let customID: [UInt8]

    static func read(_ line: [UInt8], _ endpoint: Endpoint) throws(RequestError) -> LineBody {
        let (body, customID) = line.withUnsafeBytes { bytes -> ([UInt8], [UInt8]) in
            guard let reading = try? BatchLineReading.scan(bytes) else { return ([], self.customID(nil, in: bytes)) }
            let customID = self.customID(reading.customID, in: bytes)
            guard case .object(let slice) = reading.body else { return ([], customID) }
            return (Array(bytes[slice.range]), customID)
        }
        return LineBody(bytes: body, facts: try OpenAIWire.RequestFacts.scan(body, endpoint), customID: customID)
    }

    /// An empty one where the line has none.
    static func customID(_ read: BatchLineReading.Text?, in line: UnsafeRawBufferPointer) -> [UInt8] {
        guard case .text(let slice, _) = read else { return Array("\"\"".utf8) }
        return Array(line[slice.range])
    }
}
