/// Checking of UTF-8, and its repair in the way of Python's `bytes.decode("utf-8", errors="replace")`.
///
/// Each maximal part of an ill-formed sequence becomes one U+FFFD (The Unicode Standard, section 3.9, table 3-11).
enum UTF8Repair {
    static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// What stands at an index.
    enum Finding: Equatable {
        /// A well-formed scalar of so many bytes.
        case scalar(Int)
        /// So many bytes that belong together but are no scalar.
        case illFormed(Int)
        /// The beginning of a scalar that the end of the bytes cuts off, so many bytes long.
        case truncated(Int)
    }

    /// The length of the longest well-formed beginning of `bytes`.
    static func wellFormedPrefix(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let raw = UnsafeRawPointer(base)
        let count = bytes.count
        var index = 0
        while index < count {
            if index + 8 <= count,
                raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index += 8
                continue
            }
            if base[index] < 0x80 {
                index += 1
                continue
            }
            guard case .scalar(let length) = Self.find(in: bytes, at: index) else { return index }
            index += length
        }
        return index
    }

    /// What stands at `index`, which must be inside `bytes`.
    @inline(__always)
    static func find(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Finding {
        let first = bytes[index]
        if first < 0x80 { return .scalar(1) }
        let length: Int
        var lowest: UInt8 = 0x80
        var highest: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { lowest = 0xA0 } else if first == 0xED { highest = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { lowest = 0x90 } else if first == 0xF4 { highest = 0x8F }
        default: return .illFormed(1)
        }
        for offset in 1..<length {
            guard index + offset < bytes.count else { return .truncated(offset) }
            let byte = bytes[index + offset]
            if byte < lowest || byte > highest { return .illFormed(offset) }
            lowest = 0x80
            highest = 0xBF
        }
        return .scalar(length)
    }

    /// Appends `bytes` to `target`, repaired.
    ///
    /// - Parameter keepsTruncatedEnd: leave a scalar that the end cuts off alone, for more bytes to come.
    /// - Returns: how many bytes at the end were left alone.
    static func append(
        _ bytes: UnsafeBufferPointer<UInt8>, to target: inout [UInt8], keepsTruncatedEnd: Bool = false
    ) -> Int {
        var rest = bytes
        while !rest.isEmpty {
            let good = Self.wellFormedPrefix(rest)
            target.append(contentsOf: UnsafeBufferPointer(rebasing: rest[..<good]))
            rest = UnsafeBufferPointer(rebasing: rest[good...])
            guard !rest.isEmpty else { break }
            switch Self.find(in: rest, at: 0) {
            case .scalar(let length):
                target.append(contentsOf: UnsafeBufferPointer(rebasing: rest[..<length]))
                rest = UnsafeBufferPointer(rebasing: rest[length...])
            case .illFormed(let length):
                target.append(contentsOf: Self.replacement)
                rest = UnsafeBufferPointer(rebasing: rest[length...])
            case .truncated(let length):
                if keepsTruncatedEnd { return length }
                target.append(contentsOf: Self.replacement)
                rest = UnsafeBufferPointer(rebasing: rest[length...])
            }
        }
        return 0
    }
}
