/// A list of small changes to a JSON text that are applied in one pass; every byte outside of them stays as it was.
///
/// Ranges are those that a scan of the same text reported, and must not overlap (a value inside a removed member must
/// not be replaced too).
public struct BodyEdit: Hashable, Sendable {
    private struct Splice: Hashable, Sendable {
        var range: Range<Int>
        var bytes: [UInt8]
    }

    private struct Insertion: Hashable, Sendable {
        var layout: JSONObjectLayout
        var atStart: Bool
        var bytes: [UInt8]
    }

    private struct Removal: Hashable, Sendable {
        var member: JSONMember
        var open: Int
    }

    private var splices: [Splice] = []
    private var insertions: [Insertion] = []
    private var removals: [Removal] = []

    public init() {}

    public var isEmpty: Bool { self.splices.isEmpty && self.insertions.isEmpty && self.removals.isEmpty }

    /// Puts other bytes in the place of a value.
    public mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) {
        self.splices.append(Splice(range: range, bytes: bytes))
    }

    /// Adds a member to an object, behind its last member, or before its first one.
    ///
    /// - Parameter value: JSON text.
    public mutating func insertMember(
        _ name: String, _ value: [UInt8], in layout: JSONObjectLayout, atStart: Bool = false
    ) {
        var bytes = JSONWriter.quoted(name)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: value)
        self.insertions.append(Insertion(layout: layout, atStart: atStart, bytes: bytes))
    }

    /// Takes a member and its comma out of the object that directly contains it.
    public mutating func removeMember(_ member: JSONMember, of layout: JSONObjectLayout) {
        self.removals.append(Removal(member: member, open: layout.open))
    }

    public func apply(to bytes: [UInt8]) -> [UInt8] {
        self.isEmpty ? bytes : withJSONBytes(bytes) { (buffer) throws(Never) in self.apply(to: buffer) }
    }

    public func apply(to bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let removed = self.removedRanges(in: bytes)
        var all = self.splices + removed.map { Splice(range: $0, bytes: []) }
        all += self.insertedSplices(removed: removed)
        // Several insertions at one place keep the order in which they were asked for.
        let sorted = all.enumerated().sorted {
            ($0.element.range.lowerBound, $0.element.range.upperBound, $0.offset)
                < ($1.element.range.lowerBound, $1.element.range.upperBound, $1.offset)
        }
        var result: [UInt8] = []
        result.reserveCapacity(all.reduce(bytes.count) { $0 + $1.bytes.count })
        var at = 0
        for (_, splice) in sorted {
            precondition(splice.range.lowerBound >= at, "edits of one text must not overlap")
            result.append(contentsOf: bytes[at..<splice.range.lowerBound])
            result.append(contentsOf: splice.bytes)
            at = splice.range.upperBound
        }
        result.append(contentsOf: bytes[at...])
        return result
    }

    /// The text of each removed member with the comma behind it; the last member of an object takes the comma before.
    private func removedRanges(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        let members = self.removals.map(\.member).sorted { $0.key.lowerBound < $1.key.lowerBound }
        for member in members {
            var end = member.value.range.upperBound
            while Self.isSpace(bytes[end]) { end += 1 }
            if bytes[end] == UInt8(ascii: ",") {
                ranges.append(member.key.lowerBound..<end + 1)
                continue
            }
            var start = member.key.lowerBound
            var absorbed = ranges.count
            while start > 0 {
                if absorbed > 0, ranges[absorbed - 1].upperBound == start {
                    absorbed -= 1
                    start = ranges[absorbed].lowerBound
                } else if Self.isSpace(bytes[start - 1]) {
                    start -= 1
                } else {
                    break
                }
            }
            if start > 0, bytes[start - 1] == UInt8(ascii: ",") { start -= 1 } else { start = member.key.lowerBound }
            if start < member.key.lowerBound { ranges.removeSubrange(absorbed...) }
            ranges.append(start..<member.value.range.upperBound)
        }
        return ranges
    }

    private func insertedSplices(removed: [Range<Int>]) -> [Splice] {
        var result: [Splice] = []
        var grown: [Int: Int] = [:]
        for insertion in self.insertions {
            let layout = insertion.layout
            let gone = self.removals.count { $0.open == layout.open }
            let before = grown[layout.open, default: 0]
            grown[layout.open] = before + 1
            let others = layout.memberCount - gone
            let comma = [UInt8(ascii: ",")]
            if insertion.atStart {
                let bytes = others + before > 0 ? insertion.bytes + comma : insertion.bytes
                result.insert(Splice(range: layout.open + 1..<layout.open + 1, bytes: bytes), at: 0)
            } else {
                let bytes = others + before > 0 ? comma + insertion.bytes : insertion.bytes
                result.append(Splice(range: layout.close..<layout.close, bytes: bytes))
            }
        }
        return result
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
