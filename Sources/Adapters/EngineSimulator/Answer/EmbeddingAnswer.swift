import OpenAIWire

/// Embeddings: unit vectors made from a hash of the text, so that equal texts have equal vectors and nothing else.
enum EmbeddingAnswer {
    static func vector(of input: PromptText, dimensions: Int, seed: UInt64) -> [Float] {
        var hash = StableHash.combine(seed, input.hash)
        var squares = 0.0
        let values: [Double] = (0..<dimensions).map { _ in
            hash = StableHash.mix(hash)
            // Uniform over -1...1, and never 0 in all places.
            let value = (Double(hash >> 11) + 0.5) / Double(1 << 52) - 1
            squares += value * value
            return value
        }
        let length = squares.squareRoot()
        return values.map { Float($0 / length) }
    }

    static func bytes(ask: EmbeddingAsk, options: SimulatorOptions) -> [UInt8] {
        var writer = JSONWriter(reserving: 256 + ask.inputs.count * 12 * options.embeddingDimensions)
        writer.beginObject()
        writer.member("object", "list")
        writer.key("data")
        writer.beginArray()
        for (index, input) in ask.inputs.enumerated() {
            let vector = self.vector(
                of: input, dimensions: ask.dimensions ?? options.embeddingDimensions, seed: options.seed)
            writer.beginObject()
            writer.member("object", "embedding")
            writer.member("index", Int64(index))
            writer.key("embedding")
            if ask.wantsBase64, options.embeddingsBase64 {
                writer.raw(self.base64(vector))
            } else {
                writer.beginArray()
                for value in vector { writer.raw(value.description.utf8) }
                writer.endArray()
            }
            writer.endObject()
        }
        writer.endArray()
        writer.member("model", options.model)
        writer.key("usage")
        writer.beginObject()
        writer.member("prompt_tokens", Int64(ask.tokens))
        writer.member("total_tokens", Int64(ask.tokens))
        writer.endObject()
        writer.member("system_fingerprint", "simulated")
        writer.endObject()
        return writer.bytes
    }

    /// Little-endian 32-bit floats as a JSON string.
    private static func base64(_ vector: [Float]) -> [UInt8] {
        var raw: [UInt8] = []
        raw.reserveCapacity(vector.count * 4)
        for value in vector {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { raw.append(contentsOf: $0) }
        }
        return Base64Text.quoted(raw)
    }
}
