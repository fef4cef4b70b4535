import Crypto
import Gateway
import Hummingbird
import OpenAIWire
import Quantities

/// `/v1/uploads`: files in parts (openai-api 2.4).
struct UploadRoutes {
    let uploads: UploadService
    let idempotency: IdempotentRequests
    let bodyBytesMax: Int

    func add(to group: RouterGroup<APIContext>) {
        group.post("uploads") { try await self.create($0, $1) }
        group.post("uploads/:id/parts") { request, context in
            let project = try context.requireCaller().project
            let id = try Self.id(context)
            let form = try await FileForm.read(request, files: self.uploads.files, fileField: "data")
            let part = try await self.uploads.add(form.intake, to: id, project: project)
            return Response.json(
                UploadPartObject(id: part.id.text, createdAt: part.createdAt.seconds, uploadID: id.text))
        }
        group.post("uploads/:id/complete") { request, context in
            let wish = try UploadCompleteRequest.parse(try await request.jsonBody(limit: self.bodyBytesMax))
            let (upload, file) = try await self.uploads.complete(
                try Self.id(context), wish, project: try context.requireCaller().project)
            return Response.json(upload.wire(file: file))
        }
        group.post("uploads/:id/cancel") { _, context in
            let upload = try await self.uploads.cancel(
                try Self.id(context), project: try context.requireCaller().project)
            return Response.json(upload.wire())
        }
    }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let project = try context.requireCaller().project
        let key = try request.idempotencyKey()
        let body = try await request.jsonBody(limit: self.bodyBytesMax)
        let wish = try UploadCreateRequest.parse(body, purposes: UploadService.purposes)
        let use = key.map {
            IdempotentRequests.Key(
                $0, project: project, route: "POST /v1/uploads", fingerprint: Array(SHA256.hash(data: body)))
        }
        let answer = try await self.idempotency.run(use, body: { $0.wire().encoded }) { answer throws(GatewayError) in
            try await self.uploads.create(wish, project: project, answer: answer)
        }
        return Response.json(answer)
    }

    private static func id(_ context: APIContext) throws -> UploadID { UploadID(try context.parameters.require("id")) }
}
