import NIOHTTP1
import OpenAIWire

/// A successful answer, whole in memory. For JSON; files are streamed (`ServerClient.download`).
struct ServerAnswer: Sendable {
    /// More than a list page of 10,000 files needs.
    static let bytesMax = 16 * 1_024 * 1_024

    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var requestID: String? { self.headers.first(name: "x-request-id") }

    func json() throws(ServerFailure) -> JSONValue {
        do throws(JSONError) { return try JSONValue(parsing: self.body) } catch {
            throw .strange("not JSON (\(error))")
        }
    }
}
