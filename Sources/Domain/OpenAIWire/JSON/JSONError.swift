/// Why a text is not the JSON that was expected, with the place.
public struct JSONError: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        case unexpectedEnd
        case unexpectedByte
        case invalidLiteral
        case invalidNumber
        case invalidEscape
        /// A byte below 0x20 inside a string.
        case controlCharacter
        case invalidUTF8
        /// More open arrays and objects than `JSONScanner.depthMax`.
        case tooDeep
        /// Something other than white space follows the value.
        case trailingBytes
        case expectedObject
        case expectedArray
        /// More members or elements than the reader keeps apart.
        case tooManyMembers
    }

    /// Bytes from the start of the text.
    public let offset: Int
    public let reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }
}
