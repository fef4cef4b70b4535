import HTTPTypes
import Hummingbird

/// Answers HEAD as GET without the body: the same status and headers, its length too (RFC 9110, 9.3.2).
///
/// In front of all routes, so that no error is answered with a body that the client takes for its next answer.
struct HeadResponder<Routes: HTTPResponder>: HTTPResponder where Routes.Context == APIContext {
    let routes: Routes

    func respond(to request: Request, context: APIContext) async throws -> Response {
        guard request.method == .head else { return try await self.routes.respond(to: request, context: context) }
        var head = request.head
        head.method = .get
        var response = try await self.routes.respond(to: Request(head: head, body: request.body), context: context)
        let length = response.body.contentLength
        // Setting the body sets its length, which is that of GET.
        response.body = ResponseBody()
        response.headers[.contentLength] = length.map { String($0) }
        return response
    }
}
