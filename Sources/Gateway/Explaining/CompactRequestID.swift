import Quantities

/// A request's id in sixteen bytes, where it is one of ours.
///
/// As texts, ids that are kept would be one allocation each that stays. Thousands of them, each between bodies that
/// come and go, keep the heap from shrinking.
enum CompactRequestID: Hashable, Sendable {
    /// `req_` and 32 lower-case hex digits.
    case ours(UInt64, UInt64)
    case other(RequestID)

    init(_ id: RequestID) {
        let text = id.text.utf8
        guard text.count == RequestID.prefix.utf8.count + 32, id.text.hasPrefix(RequestID.prefix),
            let high = Self.number(text.dropFirst(RequestID.prefix.utf8.count).prefix(16)),
            let low = Self.number(text.suffix(16))
        else {
            self = .other(id)
            return
        }
        self = .ours(high, low)
    }

    var request: RequestID {
        switch self {
        case .ours(let high, let low): RequestID(RequestID.prefix + HexText.of(high) + HexText.of(low))
        case .other(let id): id
        }
    }

    /// The last bytes of our ids are random.
    var bucket: Int {
        switch self {
        case .ours(_, let low): Int(truncatingIfNeeded: low ^ (low >> 32))
        case .other(let id): id.text.utf8.reduce(0) { ($0 &* 31) &+ Int($1) }
        }
    }

    private static func number(_ digits: some Sequence<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return number
    }
}
