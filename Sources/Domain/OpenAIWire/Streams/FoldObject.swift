/// An object that grows piece by piece out of the deltas of a stream; values stay JSON text.
///
/// How pieces of one member join, inside a delta: strings are appended, arrays are appended, objects join member by
/// member, numbers and truth values are replaced, null changes nothing. `role`, `type`, `id` and `format` name a thing
/// and are replaced by a later non-empty text; `name` is appended unless the same name comes again. Outside of deltas
/// (`replaces`) every later value that is not null replaces the earlier one, except that an empty text replaces none.
struct FoldObject: Sendable {
    /// Members are found by a linear search, so their number is bounded.
    static let membersMax = 1024

    enum Shape: Sendable {
        /// `bytes` is what lies between the quotes, escapes as they came.
        case string
        /// `bytes` is what lies between the brackets.
        case array
        /// `child` is the object.
        case object
        /// `bytes` is the whole value.
        case plain
    }

    /// A member. Flat storage instead of an enum with payloads lets every piece be appended in place.
    struct Entry: Sendable {
        /// With its quotes.
        let key: [UInt8]
        var shape: Shape
        var bytes: [UInt8]
        /// The object, alone in an array, which breaks the recursion of the type.
        var child: [FoldObject] = []
    }

    private(set) var entries: [Entry] = []

    var isEmpty: Bool { self.entries.isEmpty }

    func entry(_ name: StaticString) -> Entry? { self.entries.first { Self.spells($0.key, name) } }

    static func spells(_ key: [UInt8], _ name: StaticString) -> Bool {
        withJSONBytes(key) { (buffer) throws(Never) in
            JSONScanner(buffer).matches(JSONSlice(kind: .string, range: 0..<buffer.count), name)
        }
    }

    /// The text of a member as it will be written; nil when absent.
    func text(of name: StaticString) -> [UInt8]? {
        guard let entry = self.entry(name) else { return nil }
        var bytes: [UInt8] = []
        Self.append(entry, to: &bytes)
        return bytes
    }

    /// Joins one member, whose slices lie in the scanner's buffer.
    mutating func merge(
        _ key: JSONSlice, _ value: JSONSlice, _ scanner: JSONScanner, replaces: Bool = false
    ) throws(JSONError) {
        let keyBytes = scanner.bytes.part(key.range)
        guard let index = self.entries.firstIndex(where: { keyBytes.equals($0.key) }) else {
            guard self.entries.count < Self.membersMax else {
                throw JSONError(offset: key.range.lowerBound, reason: .tooManyMembers)
            }
            self.entries.append(Entry(key: [UInt8](keyBytes), shape: .plain, bytes: []))
            try self.start(self.entries.count - 1, value, scanner, replaces: replaces)
            return
        }
        if value.kind == .null { return }
        switch (self.entries[index].shape, value.kind) {
        case (.string, .string):
            self.joinString(index, key, scanner.bytes.part(value.inner), scanner, replaces: replaces)
        case (.array, .array) where !replaces:
            let more = Self.trimmed(value, scanner)
            if !self.entries[index].bytes.isEmpty, !more.isEmpty { self.entries[index].bytes.append(UInt8(ascii: ",")) }
            self.entries[index].bytes.append(contentsOf: more)
        case (.object, .object) where !replaces:
            try self.entries[index].child[0].mergeMembers(of: value, scanner)
        default:
            if self.entries[index].shape == .plain,
                scanner.bytes.part(value.range).equals(self.entries[index].bytes)
            {
                return
            }
            try self.start(index, value, scanner, replaces: replaces)
        }
    }

    /// Puts the first piece of a member, or one that replaces all earlier pieces.
    private mutating func start(
        _ index: Int, _ value: JSONSlice, _ scanner: JSONScanner, replaces: Bool
    ) throws(JSONError) {
        self.entries[index].child = []
        switch value.kind {
        case .string:
            self.entries[index].shape = .string
            self.entries[index].bytes = [UInt8](scanner.bytes.part(value.inner))
        case .array where !replaces:
            self.entries[index].shape = .array
            self.entries[index].bytes = Self.trimmed(value, scanner)
        case .object where !replaces:
            var object = FoldObject()
            try object.mergeMembers(of: value, scanner)
            self.entries[index].shape = .object
            self.entries[index].bytes = []
            self.entries[index].child = [object]
        default:
            self.entries[index].shape = .plain
            self.entries[index].bytes = scanner.raw(value)
        }
    }

    private mutating func joinString(
        _ index: Int, _ key: JSONSlice, _ inner: UnsafeRawBufferPointer, _ scanner: JSONScanner, replaces: Bool
    ) {
        if inner.isEmpty { return }
        if replaces || Self.isName(key, scanner) {
            if !inner.equals(self.entries[index].bytes) { self.entries[index].bytes = [UInt8](inner) }
        } else if !(scanner.matches(key, "name") && inner.equals(self.entries[index].bytes)) {
            self.entries[index].bytes.append(contentsOf: inner)
        }
    }

    mutating func mergeMembers(of object: JSONSlice, _ scanner: JSONScanner) throws(JSONError) {
        var inner = JSONScanner(scanner.bytes, from: object.range.lowerBound)
        try inner.openObject()
        while let key = try inner.nextKey() { try self.merge(key, try inner.value(), inner) }
    }

    private static func isName(_ key: JSONSlice, _ scanner: JSONScanner) -> Bool {
        scanner.matches(key, "role") || scanner.matches(key, "type") || scanner.matches(key, "id")
            || scanner.matches(key, "format")
    }

    /// The elements of an array without the white space around them.
    private static func trimmed(_ array: JSONSlice, _ scanner: JSONScanner) -> [UInt8] {
        var range = array.inner
        while let first = range.first, scanner.bytes[first] <= 0x20 { range.removeFirst() }
        while let last = range.last, scanner.bytes[last] <= 0x20 { range.removeLast() }
        return [UInt8](scanner.bytes.part(range))
    }

    static func append(_ entry: Entry, to bytes: inout [UInt8]) {
        switch entry.shape {
        case .plain: bytes.append(contentsOf: entry.bytes)
        case .string: self.appendString(entry.bytes, to: &bytes)
        case .array:
            bytes.append(UInt8(ascii: "["))
            bytes.append(contentsOf: entry.bytes)
            bytes.append(UInt8(ascii: "]"))
        case .object:
            for object in entry.child { object.append(to: &bytes) }
        }
    }

    /// A string whose content is escaped already.
    static func appendString(_ inner: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: inner)
        bytes.append(UInt8(ascii: "\""))
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        self.appendMembers(to: &bytes, isFirst: true)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Writes the members whose key is not among `skipped`.
    func appendMembers(to bytes: inout [UInt8], isFirst: Bool, skipping skipped: [StaticString] = []) {
        var needsComma = !isFirst
        for entry in self.entries where !skipped.contains(where: { Self.spells(entry.key, $0) }) {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            needsComma = true
            bytes.append(contentsOf: entry.key)
            bytes.append(UInt8(ascii: ":"))
            Self.append(entry, to: &bytes)
        }
    }
}

extension Range<Int> {
    mutating func removeFirst() { self = self.lowerBound + 1..<self.upperBound }
    mutating func removeLast() { self = self.lowerBound..<self.upperBound - 1 }
}
