import Gateway
import Hummingbird
import OpenAIWire
import Quantities

/// `/v1/uploads`: files in parts (openai-api 2.4).
struct UploadRoutes {
    let uploads: UploadService
    let bodyBytesMax: Int

    func add(to group: RouterGroup<APIContext>) {
        group.post("uploads") { request, context in
            let wish = try UploadCreateRequest.parse(
                try await request.jsonBody(limit: self.bodyBytesMax), purposes: UploadService.purposes)
            let upload = try await self.uploads.create(wish, project: try context.requireCaller().project)
            return Response.json(upload.wire())
        }
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

    private static func id(_ context: APIContext) throws -> UploadID { UploadID(try context.parameters.require("id")) }
}
