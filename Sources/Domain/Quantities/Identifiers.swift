/// A typed, opaque text id. Two kinds of id never mix by accident.
public protocol TextIdentifier: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral, Comparable {
    /// What generated ids start with, `batch_` for example (OpenAI's prefixes; clients must not parse them).
    static var prefix: String { get }
    var text: String { get }
    init(_ text: String)
}

extension TextIdentifier {
    public var description: String { self.text }
    public init(stringLiteral value: String) { self.init(value) }
    public static func < (a: Self, b: Self) -> Bool { a.text < b.text }

    /// A generated id: the prefix and 128 random bits in lower-case hex.
    public static func random(using generator: inout some RandomNumberGenerator) -> Self {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for _ in 0..<2 {
            let word = UInt64.random(in: .min ... .max, using: &generator)
            for shift in stride(from: 60, through: 0, by: -4) {
                let nibble = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
                bytes.append(nibble < 10 ? 48 + nibble : 87 + nibble)
            }
        }
        return Self(Self.prefix + String(decoding: bytes, as: UTF8.self))
    }
}

/// The owner of keys, data, limits and budgets.
public struct ProjectID: TextIdentifier {
    public static let prefix = "proj_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// An API key's public id (never the secret).
public struct KeyID: TextIdentifier {
    public static let prefix = "key_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

public struct FileID: TextIdentifier {
    public static let prefix = "file-"
    public let text: String
    public init(_ text: String) { self.text = text }
}

public struct UploadID: TextIdentifier {
    public static let prefix = "upload_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

public struct UploadPartID: TextIdentifier {
    public static let prefix = "part_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

public struct BatchID: TextIdentifier {
    public static let prefix = "batch_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// One accepted request; also the key of its one charge.
public struct RequestID: TextIdentifier {
    public static let prefix = "req_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// An engine's name in the configuration.
public struct EngineID: TextIdentifier {
    public static let prefix = "engine_"
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// A processing tier's name: `default`, `flex`, `priority`, `batch`, `2h`, … Tiers are rows of a table, not cases.
public struct TierName: TextIdentifier {
    public static let prefix = ""
    public let text: String
    public init(_ text: String) { self.text = text }

    /// As an engine names the tier that served: 1 to 64 ASCII letters, digits, `.`, `_` and `-`; nil for anything else,
    /// and for `auto`, which is a wish and served nobody.
    ///
    /// An engine's answer is input: its tier goes into a header, the ledger and the labels of metrics.
    public init?(answered text: String) {
        guard text != "auto", (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isNamePart) else {
            return nil
        }
        self.text = text
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    public static let standard: TierName = "default"
    public static let flex: TierName = "flex"
    public static let priority: TierName = "priority"
    public static let batch: TierName = "batch"
}
