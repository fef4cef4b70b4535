public import Batching
import OpenAIWire
import Quantities

/// Indexes a batch input file while its bytes stream by: lines, custom ids, first problems, prefix order.
///
/// Memory: about 30 bytes a line for ids, 48 bytes a line of encoded index, and the prefix keys up to their own limit;
/// it does not depend on the file's size otherwise.
public struct FileIndexer: Sendable {
    private var splitter: LineSplitter
    private var validator: LineValidator
    private var encoder = LineIndexEncoder()
    private var order = PrefixOrderBuilder()
    private var isOrderable = true
    private var byteCount = 0

    public init(limits: BatchLimits) {
        self.splitter = LineSplitter(lineBytesMax: limits.lineBytesMax)
        self.validator = LineValidator(limits: limits)
    }

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        self.byteCount += bytes.count
        // Move the splitter out while it runs, so that its callback may change the rest.
        var splitter = self.splitter
        splitter.feed(bytes) { line, place in self.take(line, place) }
        self.splitter = splitter
    }

    /// The encoded index, and what was found in the file.
    public mutating func finish() -> (index: [UInt8], facts: FileFacts) {
        var splitter = self.splitter
        splitter.finish { line, place in self.take(line, place) }
        let facts = self.validator.finish(byteCount: self.byteCount)
        let order = self.isOrderable && self.order.lineCount > 0 ? self.order.build() : nil
        return (self.encoder.finish(facts: facts, order: order), facts)
    }

    private mutating func take(_ line: UnsafeRawBufferPointer, _ place: LineSplitter.Place) {
        let (facts, reading) = LineReader.facts(line, place)
        let entry = self.validator.add(
            facts, customID: { LineReader.string(reading?.customID, line) },
            model: { LineReader.string(reading?.model, line) })
        guard let entry else {
            // A file with a problem never runs, so it needs no order.
            if facts.reading != .blank { self.isOrderable = false }
            return
        }
        self.encoder.append(entry)
        guard self.isOrderable, let reading else { return }
        self.order.append(chain: PromptPrefix.chain(line, reading.prompt), outputTokens: entry.outputTokens)
    }
}
