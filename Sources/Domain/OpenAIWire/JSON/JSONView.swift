/// A value of a validated text, read where it lies: for facts that need many members of small objects, a million times.
///
/// What no one asks for is passed over, not copied. The text must outlive its views.
public struct JSONView {
    private let text: UnsafeRawBufferPointer
    private let slice: JSONSlice
    /// Of an object, in order.
    private let members: [(key: JSONSlice, value: JSONSlice)]

    /// Validates a whole text.
    public init(parsing text: UnsafeRawBufferPointer) throws(JSONError) {
        self.init(text, try JSONScanner.validate(text))
    }

    private init(_ text: UnsafeRawBufferPointer, _ slice: JSONSlice) {
        self.text = text
        self.slice = slice
        var members: [(key: JSONSlice, value: JSONSlice)] = []
        if slice.kind == .object {
            members.reserveCapacity(8)
            var scanner = JSONScanner(text, from: slice.range.lowerBound)
            do throws(JSONError) {
                try scanner.openObject()
                while let key = try scanner.nextKey() { members.append((key, try scanner.value())) }
            } catch {
                preconditionFailure("a validated object has members: \(error)")
            }
        }
        self.members = members
    }

    /// The value of a member, the last one when the key repeats; nil when absent or not an object.
    public subscript(key: StaticString) -> JSONView? {
        let scanner = JSONScanner(self.text)
        return self.members.last { scanner.matches($0.key, key) }.map { JSONView(self.text, $0.value) }
    }

    public var kind: JSONKind { self.slice.kind }
    /// The value's own text.
    public var bytes: UnsafeRawBufferPointer { self.text.part(self.slice.range) }
    public var string: String? { self.kind == .string ? JSONText.string(self.slice, in: self.text) : nil }
    /// See `JSONText.integer`.
    public var integer: Int64? { self.kind == .number ? JSONText.integer(self.slice, in: self.text) : nil }

    /// Keys and values of an object, in order.
    public var pairs: [(key: String, value: JSONView)] {
        self.members.map { (JSONText.string($0.key, in: self.text), JSONView(self.text, $0.value)) }
    }
}
