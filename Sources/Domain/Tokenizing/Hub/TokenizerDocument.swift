/// A parsed JSON value, filled by the caller: this room has no JSON parser of its own.
public indirect enum TokenizerDocument: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A number that is no integer.
    case fraction(Double)
    case text(String)
    case list([TokenizerDocument])
    case object([String: TokenizerDocument])

    /// The value under `key`; null when there is none.
    subscript(key: String) -> TokenizerDocument {
        if case .object(let members) = self { return members[key] ?? .null }
        return .null
    }

    var isNull: Bool { if case .null = self { true } else { false } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var list: [TokenizerDocument]? { if case .list(let list) = self { list } else { nil } }

    /// An integer from 0 to 2^22 - 1, the range of token numbers.
    var token: UInt32? {
        guard case .integer(let value) = self, value >= 0, value < Int(RankFileReader.maximumRanks) else { return nil }
        return UInt32(value)
    }
}
