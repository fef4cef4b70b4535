import Gateway
import Hummingbird
import NIOCore
import OpenAIWire

extension Request {
    /// Of a request that only describes something. The longest honest one lists the parts of an upload.
    static let jsonBodyBytesMax = 1_024 * 1_024

    /// The whole body of a small JSON request.
    ///
    /// - Parameter limit: of any body, where that is less.
    func jsonBody(limit: Int) async throws -> [UInt8] {
        let limit = min(limit, Self.jsonBodyBytesMax)
        var bytes: [UInt8] = []
        for try await buffer in self.body {
            guard bytes.count + buffer.readableBytes <= limit else {
                throw GatewayError.client(.bodyTooLarge(maximumBytes: limit))
            }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    /// Paging of a list endpoint. - Throws: 400 for a limit outside 1...limitMax or an unknown order.
    func page(limitDefault: Int, limitMax: Int) throws(GatewayError) -> PageRequest {
        let query = self.uri.queryParameters
        var page = PageRequest(limit: limitDefault)
        if let text = query["limit"] {
            guard let limit = Int(text), (1...limitMax).contains(limit) else {
                throw .invalid(
                    "Invalid 'limit': expected a value from 1 to \(limitMax), but got '\(text)' instead.",
                    param: "limit", code: "invalid_value")
            }
            page.limit = limit
        }
        if let order = query["order"] {
            guard order == "asc" || order == "desc" else {
                throw .invalid(
                    "Invalid value: '\(order)'. Supported values are: 'asc' and 'desc'.", param: "order",
                    code: "invalid_value")
            }
            page.ascending = order == "asc"
        }
        page.after = query["after"].map { String($0) }
        return page
    }
}
