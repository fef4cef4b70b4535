import Gateway
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OpenAIWire
import Quantities

/// Gives every routed answer its request id and turns errors into OpenAI's bodies: the one place where that happens
/// outside the fast lane.
struct AnswerMiddleware: RouterMiddleware {
    typealias Context = APIContext

    let randomness: any Randomness
    let clock: any GatewayClock

    @concurrent
    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let started = self.clock.now
        let id = self.randomness.requestID(at: started)
        var context = context
        context.logger[metadataKey: "request.id"] = "\(id)"
        if let own = try? ClientRequestID.read(request.headers[HeaderNames.clientRequestID]) {
            context.logger[metadataKey: "client.request.id"] = "\(own)"
        }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as GatewayError {
            response = Self.response(error)
        } catch let error as RequestError {
            response = Self.response(.client(error.body))
        } catch let error as StoreFailure {
            context.logger.error("store failure", metadata: ["reason": "\(error)"])
            response = Self.response(GatewayError(error))
        } catch let error as any HTTPResponseError {
            response = Self.response(Self.routed(error.status, request))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            context.logger.error("unexpected error", metadata: ["reason": "\(error)"])
            response = Self.response(GatewayError(source: .gateway, answer: .serverError))
        }
        response.headers[HeaderNames.requestID] = id.text
        response.headers[HeaderNames.version] = "2020-10-01"
        let elapsed = self.clock.now.since(started).nanosecondsClamped / 1_000_000
        response.headers[HeaderNames.processing] = String(elapsed)
        return response
    }

    private static func routed(_ status: HTTPResponse.Status, _ request: Request) -> GatewayError {
        let method = request.method.rawValue
        let path = request.uri.path
        switch status.code {
        case 404: return .client(.unknownURL(method: method, path: path))
        case 405: return .client(.methodNotAllowed(method: method, path: path))
        case 413: return .client(.bodyTooLarge(maximumBytes: GatewayLimits.bodyBytesMax))
        default:
            return .invalid("The request could not be read.", status: status.code < 500 ? status.code : 400)
        }
    }

    static func response(_ error: GatewayError) -> Response {
        var response = Response.json(error.bodyBytes, status: error.answer.status)
        for (name, value) in ErrorHeaders.fields(for: error) {
            if let field = HTTPField.Name(name) { response.headers[field] = value }
        }
        return response
    }
}

enum HeaderNames {
    static let requestID = Self.name("x-request-id")
    static let clientRequestID = Self.name("x-client-request-id")
    static let project = Self.name("openai-project")
    static let version = Self.name("openai-version")
    static let processing = Self.name("openai-processing-ms")
    static let deadline = Self.name("ebb-deadline")
    static let idempotencyKey = Self.name("idempotency-key")
    static let idempotentReplayed = Self.name("idempotent-replayed")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("'\(text)' cannot name a header") }
        return name
    }
}

extension Response {
    static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
        Response(
            status: HTTPResponse.Status(code: status), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func json(_ object: some WireObject) -> Response { .json(object.encoded) }
}

/// Finds the caller before any `/v1` or `/ebb` route runs.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = APIContext

    let gate: KeyGate

    @concurrent
    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.caller = try await self.gate.callerAfterLook(
            authorization: request.headers[.authorization], project: request.headers[HeaderNames.project])
        _ = try ClientRequestID.read(request.headers[HeaderNames.clientRequestID])
        return try await next(request, context)
    }
}
