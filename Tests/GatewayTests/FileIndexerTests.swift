import Batching
import Gateway
import Testing

@Suite("Facts of a batch file") struct FileIndexerTests {
    @Test("the inputs of embedding lines are counted over all lines; a list of tokens is one input")
    func embeddingInputs() {
        var indexer = FileIndexer(limits: BatchLimits())
        for (line, input) in [#""a text""#, #"["a", "b"]"#, "[1, 2, 3]", "[[1], [2, 3], [4]]"].enumerated() {
            let body = #"{"model":"m","input":\#(input)}"#
            let text = #"{"custom_id":"\#(line)","method":"POST","url":"/v1/embeddings","body":\#(body)}"# + "\n"
            Array(text.utf8).withUnsafeBytes { indexer.feed($0) }
        }
        let facts = indexer.finish().facts
        #expect(facts.embeddingInputs == 7)
        let check = BatchCheck(endpoint: .embeddings, limits: BatchLimits(embeddingInputsMax: 6))
        #expect(check.verdict(on: facts) { _ in true } != .valid(lineCount: 4, model: "m"), "six are allowed")
    }
}
