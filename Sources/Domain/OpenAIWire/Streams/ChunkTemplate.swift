/// The bytes around the generated text of a stream's chunk, as they came and as they go on.
///
/// The chunks of one answer differ in their text and in nothing else. A chunk with the same bytes around a valid string
/// has the same facts as the one that was scanned, and needs the same edit: some 300 instructions instead of 7,000 for
/// each token.
public struct ChunkTemplate: Sendable {
    private let front: [UInt8]
    private let back: [UInt8]
    /// What is written around the text: the field's name in front, the blank line behind.
    private let eventFront: [UInt8]
    private let eventBack: [UInt8]

    /// nil unless the chunk holds one generated text and says nothing else: no finish reason, no usage but null.
    ///
    /// - Parameters:
    ///   - edit: what became of the chunk. It may have lost its null usage, or got another tier.
    ///   - servedTier: with which it was edited.
    public init?(
        _ facts: StreamChunkFacts, of payload: UnsafeRawBufferPointer, edit: StreamChunkEdit, servedTier: String? = nil
    ) {
        guard facts.kind == .delta, facts.usage == nil, facts.finishReason == nil, let text = facts.onlyText,
            facts.usageMember?.value.kind ?? .null == .null, LineEnds.nextEnd(in: payload, from: 0) == payload.count
        else { return nil }
        self.front = [UInt8](payload.part(0..<text.lowerBound))
        self.back = [UInt8](payload.part(text.upperBound..<payload.count))
        var (outFront, outBack) = (self.front, self.back)
        switch edit {
        case .unchanged: break
        case .dropped: return nil
        case .replaced(let output):
            guard let moved = Self.shift(of: text, by: facts, in: payload, output: output, servedTier: servedTier)
            else { return nil }
            outFront = [UInt8](output[..<(text.lowerBound + moved)])
            outBack = [UInt8](output[(text.upperBound + moved)...])
        }
        self.eventFront = Array("data: ".utf8) + outFront
        self.eventBack = outBack + Array("\n\n".utf8)
    }

    /// By how much the text stands further behind after the edit; nil: the edit did something else.
    private static func shift(
        of text: Range<Int>, by facts: StreamChunkFacts, in payload: UnsafeRawBufferPointer, output: [UInt8],
        servedTier: String?
    ) -> Int? {
        let usage = facts.usageMember.map { member in
            let removed = BodyEdit.removalRange(of: member, in: payload)
            return (at: removed.lowerBound, more: -removed.count)
        }
        let tier = facts.serviceTierMember.flatMap { member in
            servedTier.map { (at: member.value.range.lowerBound, more: $0.utf8.count + 2 - member.value.range.count) }
        }
        // A null usage stays where the client wants usage.
        for changes in [[tier], [tier, usage]].map({ $0.compactMap(\.self) })
        where payload.count + changes.reduce(0, { $0 + $1.more }) == output.count {
            return changes.reduce(0) { $0 + ($1.at < text.lowerBound ? $1.more : 0) }
        }
        return nil
    }

    /// Writes the event of a chunk that differs in its text alone.
    ///
    /// - Returns: its generated pieces, 0 or 1; nil for every other chunk, of which nothing is written.
    public func append(_ payload: UnsafeRawBufferPointer, to bytes: inout [UInt8]) -> Int? {
        let start = self.front.count
        guard payload.count >= start + self.back.count + 2, payload[start] == UInt8(ascii: "\""),
            payload.holds(self.front, at: 0),
            payload.holds(self.back, at: payload.count - self.back.count)
        else { return nil }
        var scanner = JSONScanner(payload, from: start)
        do throws(JSONError) { _ = try scanner.scanString() } catch { return nil }
        guard scanner.offset + self.back.count == payload.count else { return nil }
        bytes.append(contentsOf: self.eventFront)
        bytes.append(contentsOf: payload.part(start..<scanner.offset))
        bytes.append(contentsOf: self.eventBack)
        return scanner.offset - start > 2 ? 1 : 0
    }
}
