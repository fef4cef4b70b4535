import OpenAIWire

/// The request inside a batch line.
struct LineBody {
    let bytes: [UInt8]
    let facts: OpenAIWire.RequestFacts

    static func read(_ line: [UInt8], _ endpoint: Endpoint) throws(RequestError) -> LineBody {
        let body = line.withUnsafeBytes { bytes -> [UInt8] in
            guard let reading = try? BatchLineReading.scan(bytes), case .object(let slice) = reading.body else {
                return []
            }
            return Array(bytes[slice.range])
        }
        return LineBody(bytes: body, facts: try OpenAIWire.RequestFacts.scan(body, endpoint))
    }
}
