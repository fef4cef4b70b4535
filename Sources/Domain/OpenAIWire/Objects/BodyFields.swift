/// Reads the members of a small JSON body with OpenAI's errors.
struct BodyFields {
    private let root: JSONValue

    init(_ bytes: [UInt8]) throws(RequestError) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONValue(parsing: bytes)
        } catch {
            throw .unparsable(error)
        }
        guard root.kind == .object else { throw .unparsable(JSONError(offset: 0, reason: .expectedObject)) }
        self.root = root
    }

    /// The member, or nil when it is absent or null.
    subscript(name: String) -> JSONValue? {
        let value = self.root[name]
        return value == .null ? nil : value
    }

    func text(_ name: String) throws(RequestError) -> String {
        guard let text = try self.optionalText(name) else { throw .missingParameter(name) }
        return text
    }

    func optionalText(_ name: String) throws(RequestError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else {
            throw .invalidType(name, expected: "a string", got: value.kind.phrase)
        }
        return text
    }

    /// A text that must be one of `supported`.
    func choice(_ name: String, _ supported: [String]) throws(RequestError) -> String {
        let text = try self.text(name)
        guard supported.contains(text) else { throw .invalidValue(name, got: text, supported: supported) }
        return text
    }

    func integer(_ name: String, _ range: ClosedRange<Int64>) throws(RequestError) -> Int64 {
        guard let value = self[name] else { throw .missingParameter(name) }
        guard let number = value.integer else {
            throw .invalidType(name, expected: "an integer", got: value.kind.phrase)
        }
        if number < range.lowerBound { throw .belowMinimum(name, minimum: range.lowerBound, got: String(number)) }
        if number > range.upperBound { throw .aboveMaximum(name, maximum: range.upperBound, got: String(number)) }
        return number
    }
}
