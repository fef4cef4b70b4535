extension JSONScanner {
    /// True when the bytes at `offset` are those of `text`.
    @inline(__always)
    func equals(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset &+ length <= self.count else { return false }
        return self.bytes.holds(UnsafeRawBufferPointer(start: text.utf8Start, count: length), at: offset)
    }

    /// True when a string value or key spells `text`, also when it is written with escapes.
    @inline(__always)
    public func matches(_ slice: JSONSlice, _ text: StaticString) -> Bool {
        if slice.isEscaped { return self.matchesEscaped(slice, text) }
        guard slice.range.count == text.utf8CodeUnitCount &+ 2 else { return false }
        return self.equals(text, at: slice.range.lowerBound &+ 1)
    }

    @inline(never)
    private func matchesEscaped(_ slice: JSONSlice, _ text: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return JSONText.unescaped(slice.inner, in: self.bytes).elementsEqual(expected)
    }

    /// The text of a string value or key.
    public func string(_ slice: JSONSlice) -> String { JSONText.string(slice, in: self.bytes) }

    /// See `JSONText.integer`.
    public func integer(_ slice: JSONSlice) -> Int64? { JSONText.integer(slice, in: self.bytes) }

    /// The truth of a boolean value; false for every other kind.
    public func isTrue(_ slice: JSONSlice) -> Bool {
        slice.kind == .bool && self.bytes[slice.range.lowerBound] == UInt8(ascii: "t")
    }

    /// A copy of the value's text.
    public func raw(_ slice: JSONSlice) -> [UInt8] { [UInt8](self.bytes.part(slice.range)) }

    /// Validates a whole text that holds one value, and says where it lies.
    public static func validate(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONSlice {
        var scanner = JSONScanner(bytes)
        let value = try scanner.value()
        try scanner.finish()
        return value
    }
}
