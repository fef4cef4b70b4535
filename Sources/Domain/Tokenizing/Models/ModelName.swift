/// A model name taken apart: fine-tunes, paths and dates do not change which rules hold.
///
/// `ft:gpt-4o-mini-2024-07-18:acme::x1` and `openai/gpt-4o-mini` are both of the family `gpt-4o-mini`.
struct ModelName {
    /// How a name belongs to a family.
    enum Membership {
        /// The family's own name, perhaps with a date, `-latest` or `-preview`.
        case itself
        /// The family's name with another suffix: a variant that may differ.
        case variant
    }

    let base: String

    init(_ name: String) {
        var rest = Substring(name)
        if rest.hasPrefix("ft:") {
            rest = rest.dropFirst(3)
            rest = rest.prefix { $0 != ":" }
        }
        if let slash = rest.lastIndex(of: "/") { rest = rest[rest.index(after: slash)...] }
        self.base = String(rest)
    }

    /// How the name belongs to `family`, or nil when it does not.
    func membership(in family: String) -> Membership? {
        guard self.base.hasPrefix(family) else { return nil }
        let suffix = self.base.dropFirst(family.count)
        if suffix.isEmpty { return .itself }
        guard suffix.first == "-" else { return nil }
        return Self.isVersion(suffix.dropFirst()) ? .itself : .variant
    }

    /// The entry of `table` with the longest family that the name belongs to.
    func longestMatch<Value>(in table: [(family: String, value: Value)]) -> (value: Value, membership: Membership)? {
        var best: (length: Int, value: Value, membership: Membership)?
        for entry in table {
            guard let membership = self.membership(in: entry.family) else { continue }
            if entry.family.utf8.count > best?.length ?? -1 {
                best = (entry.family.utf8.count, entry.value, membership)
            }
        }
        return best.map { ($0.value, $0.membership) }
    }

    /// Dates (`2024-08-06`, `0613`), `latest`, `preview`, and a preview with a date.
    private static func isVersion(_ suffix: Substring) -> Bool {
        suffix.split(separator: "-", omittingEmptySubsequences: false).allSatisfy { part in
            part == "latest" || part == "preview"
                || ([2, 4, 8].contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) })
        }
    }
}
