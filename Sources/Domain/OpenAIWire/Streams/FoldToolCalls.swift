/// The tool calls of one choice, joined by index (openai-api 5.5).
///
/// A piece belongs to the last call with its index. A piece that brings another id under the same index starts a call
/// of its own (an engine that numbers all calls 0); a piece without index belongs to the call with its id, or, without
/// an id, to the last call.
struct FoldToolCalls: Sendable {
    static let callsMax = 4096

    private struct Call: Sendable {
        let index: Int64?
        var id: [UInt8]
        var members: FoldObject
    }

    private var calls: [Call] = []

    mutating func merge(_ array: JSONSlice, _ scanner: JSONScanner) throws(JSONError) {
        var inner = JSONScanner(scanner.bytes, from: array.range.lowerBound)
        try inner.openArray()
        while try inner.nextElement() {
            let element = try inner.value()
            if element.kind == .object { try self.mergeCall(element, inner) }
        }
    }

    private mutating func mergeCall(_ element: JSONSlice, _ scanner: JSONScanner) throws(JSONError) {
        var index: Int64?
        var id: [UInt8] = []
        var inner = JSONScanner(scanner.bytes, from: element.range.lowerBound)
        try inner.openObject()
        while let key = try inner.nextKey() {
            let value = try inner.value()
            if inner.matches(key, "index") { index = inner.integer(value) }
            if inner.matches(key, "id"), value.kind == .string { id = [UInt8](inner.bytes.part(value.inner)) }
        }
        let position = self.position(index: index, id: id)
        guard position < Self.callsMax else {
            throw JSONError(offset: element.range.lowerBound, reason: .tooManyMembers)
        }
        var call = self.calls[position]
        self.calls[position].members = FoldObject()
        if call.id.isEmpty { call.id = id }
        inner = JSONScanner(scanner.bytes, from: element.range.lowerBound)
        try inner.openObject()
        while let key = try inner.nextKey() {
            let value = try inner.value()
            if !inner.matches(key, "index") { try call.members.merge(key, value, inner) }
        }
        self.calls[position] = call
    }

    private mutating func position(index: Int64?, id: [UInt8]) -> Int {
        let known = self.calls.lastIndex { call in
            if let index {
                return call.index == index && (id.isEmpty || call.id.isEmpty || call.id == id)
            }
            return id.isEmpty || call.id == id
        }
        if let known { return known }
        self.calls.append(Call(index: index, id: id, members: FoldObject()))
        return self.calls.count - 1
    }

    var isEmpty: Bool { self.calls.isEmpty }

    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (position, call) in self.calls.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            call.members.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}
