/// Names that say nothing about what a thing is, or only how old it is.
enum NameRule {
    private static let banned: [String: String] = [
        "Util": "what it does", "Utils": "what it does", "Utility": "what it does", "Utilities": "what it does",
        "Helper": "what it does", "Helpers": "what it does", "Manager": "what it decides or owns",
        "Common": "the concept that is shared", "New": "what it is; age is no name",
    ]

    /// What to name instead, when a part of the name is banned.
    static func advice(for name: String) -> String? {
        for part in SwiftWords.parts(of: name) {
            if let advice = Self.banned[part] { return "'\(part)' says nothing: name it after \(advice)" }
            if part == "V2" || part == "V3" {
                return "'\(part)' is an age: replace the old one instead"
            }
        }
        return nil
    }

    static func violations(in file: SourceFile) -> [Violation] {
        var found: [Violation] = []
        let names = file.folders.map(String.init) + [String(file.name.split(separator: ".").first ?? "")]
        for name in names {
            if let advice = Self.advice(for: name.prefix(1).uppercased() + name.dropFirst()) {
                found.append(Violation(path: file.path, line: 1, message: "\(advice)."))
            }
        }
        guard file.path.hasSuffix(".swift") else { return found }
        let form = #/\b(?:struct|class|enum|actor|protocol|typealias)\s+([A-Z]\w*)/#
        for (index, line) in file.codeLines.enumerated() {
            for match in line.matches(of: form) {
                if let advice = Self.advice(for: String(match.1)) {
                    found.append(Violation(path: file.path, line: index + 1, message: "\(match.1): \(advice)."))
                }
            }
        }
        return found
    }
}
