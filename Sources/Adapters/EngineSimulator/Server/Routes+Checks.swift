import NIOCore
import OpenAIWire

extension Routes {
    func parse<Ask>(
        _ body: ByteBuffer?, _ read: (UnsafeRawBufferPointer) throws(RequestRefusal) -> Ask
    ) throws(RequestRefusal) -> Ask {
        guard let body, body.readableBytes > 0 else { throw .invalid("The body is empty.") }
        let result = body.withUnsafeReadableBytes { bytes in
            do throws(RequestRefusal) {
                return Swift.Result<Ask, RequestRefusal>.success(try read(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// A request that names no model gets the only one, as with vLLM.
    func check(model: String?) throws(RequestRefusal) {
        if let model, model != self.options.model { throw .unknownModel(model) }
    }

    func checkLength(_ ask: CompletionAsk) throws(RequestRefusal) {
        for prompt in ask.prompts {
            let limit = ask.limit ?? 1
            if prompt.tokens + limit > self.options.context {
                throw .tooLong(
                    context: self.options.context, prompt: prompt.tokens, limit: limit, param: ask.param)
            }
        }
    }

    /// `/tokenize` in vLLM's shape.
    func tokenize(_ body: ByteBuffer?) -> PlainAnswer {
        let ask: CompletionAsk
        do throws(RequestRefusal) {
            ask = try self.parse(body) { (bytes) throws(RequestRefusal) in
                try CompletionAsk(kind: .tokenize, parsing: bytes)
            }
            try self.check(model: ask.model)
        } catch {
            return PlainAnswer(refusal: error)
        }
        let ids = ask.prompts.flatMap(\.tokenIDs)
        var writer = JSONWriter(reserving: 64 + ids.count * 7)
        writer.beginObject()
        writer.member("count", Int64(ids.count))
        writer.member("max_model_len", Int64(self.options.context))
        writer.key("tokens")
        writer.beginArray()
        for id in ids { writer.integer(id) }
        writer.endArray()
        writer.key("token_strs")
        writer.null()
        writer.endObject()
        return PlainAnswer(json: writer.bytes)
    }
}
