/// The links of a page that stay inside the repository.
enum MarkdownLinks {
    struct Link: Equatable {
        var target: String
        var line: Int
    }

    /// Links outside code, without those to other hosts.
    static func local(in text: String) -> [Link] {
        var links: [Link] = []
        var isCode = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            let prose = line.replacing(#/`[^`]*`/#) { String(repeating: " ", count: $0.0.count) }
            for match in prose.matches(of: #/\]\(\s*<?([^)>\s]+)>?[^)]*\)/#) {
                links.append(Link(target: String(match.1), line: index + 1))
            }
            if let match = prose.firstMatch(of: #/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/#) {
                links.append(Link(target: String(match.1), line: index + 1))
            }
        }
        return links.filter { $0.target.firstMatch(of: #/^[a-z][a-z+.-]*:/#) == nil }
    }

    /// The anchors that a page's headings make: lower case, spaces to hyphens, punctuation dropped.
    static func anchors(in text: String) -> Set<String> {
        var anchors: Set<String> = []
        var isCode = false
        for line in text.split(separator: "\n") {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            guard !isCode, let heading = line.firstMatch(of: #/^#{1,6}\s+(.+?)\s*#*$/#) else { continue }
            let kept = heading.1.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
            let anchor = String(kept.map { $0 == " " ? "-" : $0 })
            var number = 1
            var unique = anchor
            while !anchors.insert(unique).inserted {
                unique = "\(anchor)-\(number)"
                number += 1
            }
        }
        return anchors
    }

    static func violations(in file: SourceFile, tree: RepositoryTree) -> [Violation] {
        Self.local(in: file.text).compactMap { link in
            let parts = link.target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = Self.resolve(String(parts[0]), from: file)
            guard let path, tree.exists(path) else {
                return Violation(path: file.path, line: link.line, message: "the link \(link.target) leads nowhere.")
            }
            guard parts.count == 2, let page = tree.files.first(where: { $0.path == path }), path.hasSuffix(".md"),
                !Self.anchors(in: page.text).contains(String(parts[1]))
            else { return nil }
            return Violation(
                path: file.path, line: link.line, message: "\(path) has no heading #\(parts[1]).")
        }
    }

    /// The path from the root; nil when it leaves the repository.
    private static func resolve(_ target: String, from file: SourceFile) -> String? {
        if target.isEmpty { return file.path }
        var parts = target.hasPrefix("/") ? [] : file.folders.map(String.init)
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard parts.popLast() != nil else { return nil }
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
