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
        var all = self.splices
        let removed = self.removedRanges(in: bytes)
        for range in removed { all.append(Splice(range: range, bytes: [])) }
        self.appendInsertions(to: &all)
        Self.sort(&all)
        var result: [UInt8] = []
        result.reserveCapacity(all.reduce(bytes.count) { $0 + $1.bytes.count })
        var at = 0
        for splice in all {
            precondition(splice.range.lowerBound >= at, "edits of one text must not overlap")
            result.append(contentsOf: bytes.part(at..<splice.range.lowerBound))
            result.append(contentsOf: splice.bytes)
            at = splice.range.upperBound
        }
        result.append(contentsOf: bytes.part(at..<bytes.count))
        return result
    }

    /// By place; insertions at one place keep their order, and come before what is removed there. Few splices are
    /// mostly in order already: the stable insertion sort costs nothing.
    private static func sort(_ splices: inout [Splice]) {
        guard splices.count <= Self.fewSplices else {
            let order = splices.indices.sorted { a, b in
                if Self.isBefore(splices[a].range, splices[b].range) { return true }
                return !Self.isBefore(splices[b].range, splices[a].range) && a < b
            }
            splices = order.map { splices[$0] }
            return
        }
        for index in splices.indices.dropFirst() {
            var at = index
            while at > 0, Self.isBefore(splices[at].range, splices[at - 1].range) {
                splices.swapAt(at, at - 1)
                at -= 1
            }
        }
    }

    private static let fewSplices = 32

    private static func isBefore(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        a.lowerBound != b.lowerBound ? a.lowerBound < b.lowerBound : a.upperBound < b.upperBound
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

    private func appendInsertions(to splices: inout [Splice]) {
        var counts: [Int: Int] = [:]
        var atStarts: [Splice] = []
        var atEnds: [Splice] = []
        for insertion in self.insertions {
            let layout = insertion.layout
            let hasOthers = layout.memberCount > self.removals.count || self.hasOthers(layout, &counts)
            if insertion.atStart {
                let bytes = hasOthers ? insertion.bytes + [UInt8(ascii: ",")] : insertion.bytes
                atStarts.append(Splice(range: layout.open + 1..<layout.open + 1, bytes: bytes))
            } else {
                let bytes = hasOthers ? [UInt8(ascii: ",")] + insertion.bytes : insertion.bytes
                atEnds.append(Splice(range: layout.close..<layout.close, bytes: bytes))
            }
        }
        // The last one that was put first is the first one.
        splices += atStarts.reversed() + atEnds
    }

    /// Whether a member of a small object stays, or was added before.
    ///
    /// - Parameter counts: these members of the objects that were asked about, by their opening braces.
    private func hasOthers(_ layout: JSONObjectLayout, _ counts: inout [Int: Int]) -> Bool {
        let count = counts[layout.open] ?? layout.memberCount - self.removals.count { $0.open == layout.open }
        counts[layout.open] = count + 1
        return count > 0
    }

    /// What goes when one member alone is removed from its object.
    static func removalRange(of member: JSONMember, in bytes: UnsafeRawBufferPointer) -> Range<Int> {
        var end = member.value.range.upperBound
        while Self.isSpace(bytes[end]) { end += 1 }
        if bytes[end] == UInt8(ascii: ",") { return member.key.lowerBound..<end + 1 }
        var start = member.key.lowerBound
        while Self.isSpace(bytes[start - 1]) { start -= 1 }
        if bytes[start - 1] == UInt8(ascii: ",") { return start - 1..<member.value.range.upperBound }
        return member.key.lowerBound..<member.value.range.upperBound
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
