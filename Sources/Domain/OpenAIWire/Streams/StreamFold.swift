/// Why a stream cannot be folded any further.
public enum StreamFoldError: Error, Hashable, Sendable {
    case unparsable(JSONError)
    /// More payload bytes than the fold's limit.
    case tooLarge(maximum: Int)
}

/// Folds the chunks of a chat or legacy completion stream into the answer that would have come without `stream`.
///
/// Nothing is lost: content, refusals, reasoning, audio, function and tool calls (by index), log probabilities, several
/// choices, finish reasons, usage, and members that are unknown here (`FoldObject` has the rule). Strings are joined in
/// their escaped form, so text passes through byte for byte. Only `obfuscation`, which is padding, and llama.cpp's
/// `prompt_progress`, which is of the stream alone, are left out.
/// After an error the fold must not be used any more.
public struct StreamFold: Sendable {
    /// 64 MiB of payload, by default.
    public static let payloadBytesMax = 64 << 20

    /// Choices of one answer; legacy completions make one for each prompt and sample.
    public static let choicesMax = 16_384

    private let endpoint: Endpoint
    private let limit: Int
    private var payloadBytes = 0
    private var head = FoldObject()
    private var choices: [FoldChoice] = []
    /// Every choice stands at its own index, so that none has to be searched for.
    private var isDense = true
    /// `[DONE]` has arrived.
    public private(set) var sawDone = false
    /// The first error event of the stream.
    public private(set) var error: ErrorBody?

    public init(_ endpoint: Endpoint, payloadBytesMax limit: Int = Self.payloadBytesMax) {
        self.endpoint = endpoint
        self.limit = limit
    }

    /// True when there is a choice and every choice has a finish reason. A stream that ended without is incomplete.
    public var sawFinish: Bool { !self.choices.isEmpty && self.choices.allSatisfy { $0.finishReason != nil } }

    public mutating func add(_ payload: [UInt8]) throws(StreamFoldError) {
        try withJSONBytes(payload) { (buffer) throws(StreamFoldError) in try self.add(buffer) }
    }

    /// Takes the payload of one event, `[DONE]` included.
    public mutating func add(_ payload: UnsafeRawBufferPointer) throws(StreamFoldError) {
        self.payloadBytes += payload.count
        guard self.payloadBytes <= self.limit else { throw .tooLarge(maximum: self.limit) }
        var scanner = JSONScanner(payload)
        if scanner.equals("[DONE]", at: 0) {
            self.sawDone = true
            return
        }
        do throws(JSONError) {
            try self.merge(&scanner)
        } catch {
            throw .unparsable(error)
        }
    }

    private mutating func merge(_ scanner: inout JSONScanner) throws(JSONError) {
        var choices: JSONSlice?
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            let value = try scanner.value()
            if scanner.matches(key, "choices") {
                choices = value
            } else if scanner.matches(key, "error"), scanner.isTruthy(value) {
                let tree = try JSONValue(parsing: scanner.bytes.part(value.range))
                self.error = self.error ?? ErrorBody(streamed: tree)
            } else if !scanner.matches(key, "obfuscation"), !scanner.matches(key, "prompt_progress") {
                try self.head.merge(key, value, scanner, replaces: true)
            }
        }
        try scanner.finish()
        guard let choices, choices.kind == .array else { return }
        var inner = JSONScanner(scanner.bytes, from: choices.range.lowerBound)
        try inner.openArray()
        var position: Int64 = 0
        while try inner.nextElement() {
            let element = try inner.value()
            if element.kind == .object { try self.mergeChoice(element, inner, position: position) }
            position += 1
        }
    }

    /// - Parameter position: the index of a choice that does not name its own.
    private mutating func mergeChoice(
        _ element: JSONSlice, _ scanner: JSONScanner, position: Int64
    ) throws(JSONError) {
        var index = position
        var inner = JSONScanner(scanner.bytes, from: element.range.lowerBound)
        try inner.openObject()
        while let key = try inner.nextKey() {
            let isIndex = inner.matches(key, "index")
            let value = try inner.value()
            if isIndex {
                index = inner.integer(value) ?? position
                break
            }
        }
        let slot = self.slot(of: index)
        guard slot < Self.choicesMax else {
            throw JSONError(offset: element.range.lowerBound, reason: .tooManyMembers)
        }
        try self.choices[slot].merge(element, scanner)
    }

    private mutating func slot(of index: Int64) -> Int {
        let count = Int64(self.choices.count)
        if self.isDense {
            if index >= 0, index < count { return Int(index) }
            self.isDense = index == count
        } else if let known = self.choices.firstIndex(where: { $0.index == index }) {
            return known
        }
        self.choices.append(FoldChoice(index: index))
        return self.choices.count - 1
    }

    /// The whole answer; also of an incomplete stream, then with null finish reasons.
    public func finish() -> [UInt8] {
        let isChat = self.endpoint == .chatCompletions
        let first: [StaticString] = ["id", "object", "created", "model"]
        let last: [StaticString] = ["usage", "service_tier", "system_fingerprint"]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512 + self.payloadBytes / 8)
        bytes.append(UInt8(ascii: "{"))
        for name in first {
            let isObject = name.description == "object"
            let object = isChat ? #""chat.completion""# : #""text_completion""#
            guard let text = isObject ? Array(object.utf8) : self.head.text(of: name) else { continue }
            bytes.append(contentsOf: "\"\(name)\":".utf8)
            bytes.append(contentsOf: text)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(contentsOf: #""choices":["#.utf8)
        for (position, choice) in self.choices.sorted(by: { $0.index < $1.index }).enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            if isChat { choice.appendChat(to: &bytes) } else { choice.appendLegacy(to: &bytes) }
        }
        bytes.append(UInt8(ascii: "]"))
        for name in last {
            guard let text = self.head.text(of: name) else { continue }
            bytes.append(contentsOf: ",\"\(name)\":".utf8)
            bytes.append(contentsOf: text)
        }
        self.head.appendMembers(to: &bytes, isFirst: false, skipping: first + last)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
