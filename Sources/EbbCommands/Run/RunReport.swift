import Gateway
import OpenAIWire

/// What `ebb run` says at its end on standard output: the receipt for people or, with `--json`, one object.
struct RunReport {
    /// nil where none was made: the job was resumed, or had ended before.
    var quote: QuoteReport?
    let isObject: Bool

    init(_ plan: RunPlan, quote: QuoteReport?) {
        self.quote = quote
        self.isObject = plan.json
    }

    func show(_ receipt: Receipt?, files: [(name: String, path: String)] = []) {
        if self.isObject {
            Console.out(String(decoding: self.object(receipt), as: UTF8.self))
        } else if let receipt {
            Console.out(receipt.text(files: files))
        }
    }

    private func object(_ receipt: Receipt?) -> [UInt8] {
        var writer = JSONWriter(reserving: 8_192)
        let null = Array("null".utf8)
        writer.beginObject()
        writer.member("object", "ebb.run")
        writer.member("quote", raw: self.quote?.object ?? null)
        writer.member("receipt", raw: receipt?.json.dropLast() ?? null[...])
        writer.endObject()
        return writer.bytes
    }
}
