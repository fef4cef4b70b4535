import Foundation

/// Unicode normalization form C as Hugging Face's library has it: with the tables of Unicode 9, by which scalars that
/// came later are neither moved nor joined.
package enum ComposedText {
    package static func of(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isLater) else {
            return text.precomposedStringWithCanonicalMapping
        }
        var composed = ""
        var part = ""
        for scalar in text.unicodeScalars {
            if Self.isLater(scalar) {
                composed.unicodeScalars += part.precomposedStringWithCanonicalMapping.unicodeScalars
                composed.unicodeScalars.append(scalar)
                part = ""
            } else {
                part.unicodeScalars.append(scalar)
            }
        }
        composed.unicodeScalars += part.precomposedStringWithCanonicalMapping.unicodeScalars
        return composed
    }

    private static func isLater(_ scalar: Unicode.Scalar) -> Bool {
        guard let age = scalar.properties.age else { return true }
        return age.major > 9
    }
}
