import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import OpenAIWire
import Quantities

/// `/v1/files` (openai-api 2).
struct FileRoutes {
    let files: FileService
    let idempotency: IdempotentRequests

    func add(to group: RouterGroup<APIContext>) {
        group.post("files") { try await self.create($0, $1) }
        group.get("files") { try await self.list($0, $1) }
        group.get("files/:id") { request, context in
            Response.json(
                try await self.files.file(try Self.id(context), project: context.requireCaller().project).wire)
        }
        group.get("files/:id/content") { try await self.content($0, $1) }
        group.delete("files/:id") { request, context in
            let id = try Self.id(context)
            try await self.files.delete(id, project: context.requireCaller().project)
            return Response.json(DeletedObject(id: id.text, object: "file"))
        }
    }

    private static func id(_ context: APIContext) throws -> FileID { FileID(try context.parameters.require("id")) }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let caller = try context.requireCaller()
        let key = try request.idempotencyKey()
        let form = try await FileForm.read(request, files: self.files, hashes: key != nil)
        // Bytes that came to nothing, because the key has its answer or is refused; else this does nothing.
        defer { form.intake.abort() }
        var intake = form.intake
        let use = key.map {
            IdempotentRequests.Key(
                $0, project: caller.project, route: "POST /v1/files", fingerprint: form.fingerprint)
        }
        let answer = try await self.idempotency.run(use, body: { $0.wire.encoded }) { answer throws(GatewayError) in
            try await self.files.finish(&intake, form: form.form, project: caller.project, answer: answer)
        }
        return Response.json(answer)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let page = try request.page(limitDefault: 10_000, limitMax: 10_000)
        let purpose = request.uri.queryParameters["purpose"].map { String($0) }
        let result = try await self.files.list(
            project: try context.requireCaller().project, purpose: purpose, page: page)
        return Response.json(
            ListPage(
                data: result.items.map(\.wire), firstID: result.items.first?.id.text,
                lastID: result.items.last?.id.text, hasMore: result.hasMore))
    }

    private func content(_ request: Request, _ context: APIContext) async throws -> Response {
        let (file, content) = try await self.files.content(
            try Self.id(context), project: try context.requireCaller().project)
        var headers: HTTPFields = [.contentType: "application/octet-stream"]
        headers[.contentDisposition] = "attachment; filename=\"\(file.filename.filter { $0 != "\"" && $0.isASCII })\""
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(contentLength: Int(content.byteCount)) { writer in
                var content = content
                while let piece = try await content.next() { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }
}
