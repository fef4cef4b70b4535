import Crypto
import OpenAIWire
import Quantities

/// What makes two runs the same job: the input's bytes and everything that shapes its requests and their price.
///
/// The output path, the cost limit and the engines do not count: a job may be resumed with others.
struct JobIdentity: Hashable, Sendable {
    /// SHA-256 in hex.
    let text: String
    /// SHA-256 of the input alone, to notice a file that changes while it is read.
    let input: [UInt8]

    init(_ plan: RunPlan) throws {
        var whole = SHA256()
        var file = SHA256()
        func add(_ name: String, _ value: [UInt8]?) {
            guard let value else { return }
            // Lengths keep neighbours apart.
            whole.update(data: Array("\(name) \(value.count)\n".utf8))
            whole.update(data: value)
        }
        let settings = plan.settings
        add("version", Array("1".utf8))
        add("tier", Array(plan.tier.tier.text.utf8))
        add("window", Array(plan.tier.window.text.utf8))
        add("format", settings.format.map { Array($0.rawValue.utf8) })
        add("endpoint", settings.endpoint.map { Array($0.path.utf8) })
        add("model", settings.model.map { Array($0.utf8) })
        add("template", settings.template.map { Array($0.source.utf8) })
        add("system", settings.system.map { Array($0.utf8) })
        for member in settings.defaults { add("parameter \(member.key)", member.value.encoded) }
        try InputReader(path: plan.input).read { bytes in
            file.update(bufferPointer: bytes)
            return true
        }
        self.input = Array(file.finalize())
        add("input", self.input)
        self.text = whole.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
