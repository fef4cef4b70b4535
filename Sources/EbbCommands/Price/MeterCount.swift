import ArgumentParser
package import Pricing

/// `NAME=COUNT` on the command line: how much of a meter was used.
package struct MeterCount: Hashable, Sendable {
    package let meter: Meter
    package let count: Int64

    /// Reads `character=4096`, `seconds=90`, `image:1024x1792:hd=2`, `image_piece(1024x1024 standard)=1`.
    package init?(_ text: String) {
        guard let equals = text.lastIndex(of: "="), let meter = Self.meter(String(text[..<equals])),
            let count = Int64(text[text.index(after: equals)...]), count >= 0
        else { return nil }
        self.meter = meter
        self.count = count
    }

    /// The meter that a name means; plurals and a few everyday names are understood.
    package static func meter(_ name: String) -> Meter? {
        if let exact = Meter(name: name) { return exact }
        if let everyday = Self.everyday[name] { return everyday }
        if name.hasPrefix("image:") {
            let parts = name.dropFirst(6).split(separator: ":")
            guard let size = parts.first, parts.count <= 2 else { return nil }
            return .imagePiece(size: String(size), quality: parts.count == 2 ? String(parts[1]) : "standard")
        }
        return name.hasSuffix("s") ? Meter(name: name.dropLast()) : nil
    }

    private static let everyday: [String: Meter] = [
        "second": .secondInput, "seconds": .secondInput, "searches": .searchCall, "queries": .query,
        "gb_days": .gigabyteDay,
    ]
}

extension MeterCount: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
