package import Gateway
import OpenAIWire
import Tokenizing

/// Counts the tokens of JSON lines: strings, lists of messages, request bodies, lines of batch files.
package struct LineCounting: Sendable {
    /// What is printed for a line.
    package enum Form: Hashable, Sendable {
        case number, ids, object
    }

    private let counter: LocalPromptCounter
    private let form: Form
    /// The model that all lines are counted for; nil is the one that each body names.
    private let model: String?
    private let text: LocalPromptCounter.TextRule

    package init(counter: LocalPromptCounter, model: String?, form: Form) throws(PromptCountingError) {
        self.counter = counter
        self.model = model
        self.form = form
        self.text = try counter.textRule(for: model)
    }

    /// The counts of a block's lines, one line of output for each line that is not blank.
    package func work(_ block: LineBlocks.Block) -> LineResult {
        var result = LineResult()
        if block.isTooLong {
            result.lineCount = 1
            self.refuse("the line is longer than \(LineBlocks.lineBytesMax) bytes", &result)
            return result
        }
        result.output.reserveCapacity(self.form == .ids ? block.bytes.count * 2 : block.bytes.count / 16)
        block.bytes.withUnsafeBytes { bytes in
            bytes.forEachLine { line in
                result.lineCount += 1
                if !line.isBlankLine { self.count(line, &result) }
            }
        }
        return result
    }

    private func count(_ line: UnsafeRawBufferPointer, _ result: inout LineResult) {
        do throws(JSONError) {
            var scanner = JSONScanner(line)
            if try scanner.peekKind() == .string {
                let text = try scanner.value()
                try scanner.finish()
                self.count(text, line, &result)
            } else {
                self.count(try JSONValue(parsing: line), &result)
            }
        } catch {
            self.refuse("not valid JSON: \(error.sentence)", &result)
        }
    }

    private func count(_ slice: JSONSlice, _ line: UnsafeRawBufferPointer, _ result: inout LineResult) {
        if slice.isEscaped {
            JSONText.unescaped(slice.inner, in: line).withUnsafeBytes { self.count(text: $0, &result) }
        } else {
            self.count(text: UnsafeRawBufferPointer(rebasing: line[slice.inner]), &result)
        }
    }

    private func count(text: UnsafeRawBufferPointer, _ result: inout LineResult) {
        if self.form == .ids, let encoder = self.text.encoder {
            Self.write(encoder.encode(text), &result.output)
            return
        }
        let tokens = self.text.encoder?.count(text) ?? LocalPromptCounter.estimate(bytes: text.count)
        self.write(
            CountedPrompt(tokens: Int64(tokens), source: self.text.source, reasons: self.text.reasons), &result)
    }

    private func count(_ value: JSONValue, _ result: inout LineResult) {
        let body = value["body"]?.kind == .object ? value["body"] ?? value : value
        let reading = body.kind == .array ? PromptReading(messages: body) : PromptReading(body: body)
        guard let prompt = reading else {
            self.refuse("neither a string nor a list of messages nor a request with messages, prompt or input", &result)
            return
        }
        if self.form == .ids {
            guard case .texts(let texts, 0) = prompt, texts.count == 1, let text = texts.first,
                let encoder = self.text.encoder
            else {
                self.refuse("a list of ids exists for a single text only", &result)
                return
            }
            Self.write(encoder.encode(text), &result.output)
            return
        }
        let model = self.model ?? body["model"]?.string ?? ""
        do throws(PromptCountingError) {
            self.write(try self.counter.counted(prompt, model: model), &result)
        } catch {
            self.refuse("\(error)", &result)
        }
    }

    private func write(_ count: CountedPrompt, _ result: inout LineResult) {
        if self.form == .object {
            result.output += Self.object(count)
        } else {
            result.output.append(decimal: count.tokens)
        }
        result.output.append(UInt8(ascii: "\n"))
    }

    /// An unusable line keeps its place in the output.
    private func refuse(_ message: String, _ result: inout LineResult) {
        result.addFlaw(message)
        if self.form == .object {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("tokens")
            writer.null()
            writer.member("error", message)
            writer.endObject()
            result.output += writer.bytes + [UInt8(ascii: "\n")]
        } else {
            result.output += Array("null\n".utf8)
        }
    }

    static func write(_ ids: [UInt32], _ output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        for (index, id) in ids.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(decimal: id)
        }
        output.append(UInt8(ascii: "]"))
        output.append(UInt8(ascii: "\n"))
    }

    static func object(_ count: CountedPrompt) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("tokens")
        writer.integer(count.tokens)
        if count.imageTokens > 0 {
            writer.key("imageTokens")
            writer.integer(count.imageTokens)
        }
        writer.member("countedBy", count.source.rawValue)
        writer.member("isEstimate", count.isEstimate)
        writer.key("reasons")
        writer.beginArray()
        for reason in count.reasons.map(\.rawValue).sorted() { writer.string(reason) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
