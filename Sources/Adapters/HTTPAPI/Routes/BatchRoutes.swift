import Crypto
import Gateway
import Hummingbird
import OpenAIWire
import Quantities

/// `/v1/batches` (openai-api 3).
struct BatchRoutes {
    let batches: BatchService
    let idempotency: IdempotentRequests
    let bodyBytesMax: Int

    func add(to group: RouterGroup<APIContext>) {
        group.post("batches") { try await self.create($0, $1) }
        group.get("batches") { try await self.list($0, $1) }
        group.get("batches/:id") { _, context in
            let batch = try await self.batches.batch(
                try Self.id(context), project: try context.requireCaller().project)
            return Response.json(batch.wire(of: self.batches))
        }
        group.post("batches/:id/cancel") { _, context in
            let batch = try await self.batches.cancel(
                try Self.id(context), project: try context.requireCaller().project)
            return Response.json(batch.wire)
        }
    }

    private static func id(_ context: APIContext) throws -> BatchID { BatchID(try context.parameters.require("id")) }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let caller = try context.requireCaller()
        let key = try request.idempotencyKey()
        if request.headers[HeaderNames.deadline] != nil {
            throw GatewayError.invalid(
                "Ebb-Deadline is for requests that wait for their answers. Batches say with completion_window when "
                    + "they are due.",
                param: "ebb-deadline", code: "unsupported_parameter")
        }
        let body = try await request.jsonBody(limit: self.bodyBytesMax)
        let wish = try BatchCreateRequest.parse(
            body, endpoints: Endpoint.allCases.map(\.path), windows: self.batches.windows.keys.sorted())
        let order = BatchService.Order(
            inputFile: FileID(wish.inputFileID), endpoint: wish.endpoint, window: wish.completionWindow,
            metadata: wish.metadata?.pairs.map { MetadataPair(key: $0.key, value: $0.value) },
            outputExpiresAfter: wish.outputExpiresAfter?.seconds)
        let use = key.map {
            IdempotentRequests.Key(
                $0, project: caller.project, route: "POST /v1/batches", fingerprint: Array(SHA256.hash(data: body)))
        }
        let answer = try await self.idempotency.run(use, body: { $0.wire.encoded }) { answer throws(GatewayError) in
            try await self.batches.create(order, project: caller.project, key: caller.key, answer: answer)
        }
        return Response.json(answer)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let page = try request.page(limitDefault: 20, limitMax: 100)
        let result = try await self.batches.list(project: try context.requireCaller().project, page: page)
        return Response.json(
            ListPage(
                data: result.items.map { $0.wire(of: self.batches) },
                firstID: result.items.first?.id.text, lastID: result.items.last?.id.text, hasMore: result.hasMore))
    }
}
