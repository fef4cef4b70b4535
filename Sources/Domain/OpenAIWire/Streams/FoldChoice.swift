/// One choice of a stream on its way to a whole answer.
struct FoldChoice: Sendable {
    let index: Int64
    private var content: [UInt8]?
    private var text: [UInt8]?
    private var message = FoldObject()
    private var toolCalls = FoldToolCalls()
    private var logprobs = FoldObject()
    private var extras = FoldObject()
    private(set) var finishReason: [UInt8]?

    init(index: Int64) { self.index = index }

    /// Joins one element of `choices`; its slices were validated by `scanner`.
    mutating func merge(_ element: JSONSlice, _ scanner: JSONScanner) throws(JSONError) {
        var inner = JSONScanner(scanner.bytes, from: element.range.lowerBound)
        try inner.openObject()
        while let key = try inner.nextKey() {
            let value = try inner.value()
            if inner.matches(key, "delta") {
                if value.kind == .object { try self.mergeDelta(value, inner) }
            } else if inner.matches(key, "finish_reason") {
                if value.kind != .null { self.finishReason = inner.raw(value) }
            } else if inner.matches(key, "logprobs") {
                if value.kind == .object { try self.logprobs.mergeMembers(of: value, inner) }
            } else if inner.matches(key, "text"), value.kind == .string {
                self.text = self.text ?? []
                self.text?.append(contentsOf: inner.bytes.part(value.inner))
            } else if !inner.matches(key, "index"), !inner.matches(key, "message") {
                try self.extras.merge(key, value, inner, replaces: true)
            }
        }
    }

    private mutating func mergeDelta(_ delta: JSONSlice, _ scanner: JSONScanner) throws(JSONError) {
        var inner = JSONScanner(scanner.bytes, from: delta.range.lowerBound)
        try inner.openObject()
        while let key = try inner.nextKey() {
            let value = try inner.value()
            if value.kind == .string, inner.matches(key, "content") {
                self.content = self.content ?? []
                self.content?.append(contentsOf: inner.bytes.part(value.inner))
            } else if value.kind == .array, inner.matches(key, "tool_calls") {
                try self.toolCalls.merge(value, inner)
            } else {
                try self.message.merge(key, value, inner)
            }
        }
    }

    /// `{"index":…,"message":{…},"logprobs":…,"finish_reason":…}`
    func appendChat(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"index":\#(self.index),"message":{"role":"#.utf8)
        bytes.append(contentsOf: self.message.text(of: "role") ?? Array(#""assistant""#.utf8))
        bytes.append(contentsOf: #","content":"#.utf8)
        self.appendContent(to: &bytes)
        bytes.append(contentsOf: #","refusal":"#.utf8)
        bytes.append(contentsOf: self.message.text(of: "refusal") ?? Array("null".utf8))
        self.message.appendMembers(
            to: &bytes, isFirst: false, skipping: ["role", "content", "refusal", "tool_calls"])
        if !self.toolCalls.isEmpty {
            bytes.append(contentsOf: #","tool_calls":"#.utf8)
            self.toolCalls.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        self.appendEnd(to: &bytes)
    }

    /// `{"text":…,"index":…,"logprobs":…,"finish_reason":…}`
    func appendLegacy(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"text":"#.utf8)
        FoldObject.appendString(self.text ?? [], to: &bytes)
        bytes.append(contentsOf: #","index":\#(self.index)"#.utf8)
        self.appendEnd(to: &bytes)
    }

    private func appendEnd(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #","logprobs":"#.utf8)
        if self.logprobs.isEmpty {
            bytes.append(contentsOf: "null".utf8)
        } else {
            self.logprobs.append(to: &bytes)
        }
        bytes.append(contentsOf: #","finish_reason":"#.utf8)
        bytes.append(contentsOf: self.finishReason ?? Array("null".utf8))
        self.extras.appendMembers(to: &bytes, isFirst: false)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Text; or parts, when an engine streams parts, with the text as the last of them; or null.
    private func appendContent(to bytes: inout [UInt8]) {
        guard let parts = self.message.entry("content"), parts.shape == .array, !parts.bytes.isEmpty else {
            if let content = self.content {
                FoldObject.appendString(content, to: &bytes)
            } else {
                bytes.append(contentsOf: "null".utf8)
            }
            return
        }
        bytes.append(UInt8(ascii: "["))
        bytes.append(contentsOf: parts.bytes)
        if let content = self.content, !content.isEmpty {
            bytes.append(contentsOf: #",{"type":"text","text":"#.utf8)
            FoldObject.appendString(content, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "]"))
    }
}
