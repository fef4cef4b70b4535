/// Unicode normalization form C as Hugging Face's library has it: with the tables of Unicode 9, by which scalars that
/// came later are neither moved nor joined.
///
/// The standard library's own forms are of another version, and join a few pairs that the standard does not.
struct CanonicalComposition: Sendable {
    static let shared = CanonicalComposition()

    private static let scalarBits: UInt64 = 0x1F_FFFF

    /// `first << 21 | second` by scalar; `second` is 0 where one scalar stands for the other.
    private var mappings: [UInt32: UInt64] = [:]
    /// The scalar by `first << 21 | second`.
    private var composites: [UInt64: UInt32] = [:]
    /// Combining classes that are not 0.
    private var classes: [UInt32: UInt8] = [:]

    private init() {
        for single in CanonicalMappings.singles {
            self.mappings[UInt32(single >> 21)] = (single & Self.scalarBits) << 21
        }
        for entry in CanonicalMappings.pairs {
            let pair = entry & (1 << 42 - 1)
            let scalar = UInt32((entry & ~(1 << 63)) >> 42)
            self.mappings[scalar] = pair
            if entry >> 63 == 0 { self.composites[pair] = scalar }
        }
        let starts = CanonicalMappings.classStarts
        for (start, next) in zip(starts, starts.dropFirst()) where start & 0xFF != 0 {
            for scalar in start >> 8..<next >> 8 { self.classes[scalar] = UInt8(start & 0xFF) }
        }
    }

    /// The composed form of well-formed UTF-8.
    func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var parts: [Part] = []
        parts.reserveCapacity(text.count)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            self.decompose(scalar.value, into: &parts)
        }
        Self.sort(&parts)
        var result = String.UnicodeScalarView()
        for part in self.joined(parts) {
            // Scalars come from a text and from the tables only.
            if let scalar = Unicode.Scalar(part.scalar) { result.append(scalar) }
        }
        return Array(String(result).utf8)
    }

    /// A scalar and its combining class.
    private struct Part {
        var scalar: UInt32
        let order: UInt8
    }

    private func decompose(_ scalar: UInt32, into parts: inout [Part]) {
        if let (lead, trail) = HangulSyllable.parts(of: scalar) {
            self.decompose(lead, into: &parts)
            parts.append(Part(scalar: trail, order: 0))
        } else if scalar >= 0xC0, let mapping = self.mappings[scalar] {
            self.decompose(UInt32(mapping >> 21), into: &parts)
            if mapping & Self.scalarBits != 0 { self.decompose(UInt32(mapping & Self.scalarBits), into: &parts) }
        } else {
            parts.append(Part(scalar: scalar, order: scalar < 0x300 ? 0 : self.classes[scalar] ?? 0))
        }
    }

    /// Brings marks that stand together into the order of their classes; equal ones stay as they are.
    private static func sort(_ parts: inout [Part]) {
        var index = 0
        while index < parts.count {
            guard parts[index].order != 0 else {
                index += 1
                continue
            }
            var end = index + 1
            while end < parts.count, parts[end].order != 0 { end += 1 }
            if end - index > 1 {
                let sorted = parts[index..<end].enumerated().sorted {
                    ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
                }
                parts.replaceSubrange(index..<end, with: sorted.map(\.element))
            }
            index = end
        }
    }

    /// Joins each scalar to the starter before it where nothing between them stands in the way.
    private func joined(_ parts: [Part]) -> [Part] {
        var result: [Part] = []
        result.reserveCapacity(parts.count)
        var starter: Int?
        for part in parts {
            if let starter {
                let isNext = starter == result.count - 1
                if isNext || result[result.count - 1].order < part.order,
                    let composite = self.composite(result[starter].scalar, part.scalar)
                {
                    result[starter].scalar = composite
                    continue
                }
            }
            if part.order == 0 { starter = result.count }
            result.append(part)
        }
        return result
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        HangulSyllable.joined(first, second) ?? self.composites[UInt64(first) << 21 | UInt64(second)]
    }
}

/// Hangul syllables and their parts (The Unicode Standard, section 3.12).
enum HangulSyllable {
    private static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    private static let leads: Range<UInt32> = 0x1100..<0x1113
    private static let vowels: Range<UInt32> = 0x1161..<0x1176
    private static let trails: Range<UInt32> = 0x11A8..<0x11C3

    /// A syllable without its trailing consonant and that, or its leading consonant and its vowel.
    static func parts(of scalar: UInt32) -> (UInt32, UInt32)? {
        guard self.syllables.contains(scalar) else { return nil }
        let index = scalar - self.syllables.lowerBound
        if index % 28 != 0 { return (scalar - index % 28, self.trails.lowerBound - 1 + index % 28) }
        return (self.leads.lowerBound + index / 588, self.vowels.lowerBound + index % 588 / 28)
    }

    static func joined(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if self.leads.contains(first), self.vowels.contains(second) {
            let index = (first - self.leads.lowerBound) * 588 + (second - self.vowels.lowerBound) * 28
            return self.syllables.lowerBound + index
        }
        guard self.syllables.contains(first), (first - self.syllables.lowerBound) % 28 == 0,
            self.trails.contains(second)
        else { return nil }
        return first + second - self.trails.lowerBound + 1
    }
}
