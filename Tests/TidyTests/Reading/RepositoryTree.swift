import Foundation

/// The files of the repository, as git sees them: tracked, and new ones that are not ignored.
///
/// Without git (a tarball), the folders are walked, leaving out hidden folders of builds and caches.
struct RepositoryTree: Sendable {
    static let shared = RepositoryTree()

    let root: URL
    /// Paths from the root, sorted.
    let paths: [String]
    /// What git has recorded; nil without git.
    let trackedPaths: [String]?
    /// Files of text, read once.
    let files: [SourceFile]
    var swift: [SourceFile] { self.files.filter { $0.path.hasSuffix(".swift") } }

    private static let textEndings: Set<String> = [
        "swift", "md", "py", "sh", "yaml", "yml", "json", "jsonl", "toml", "txt", "lua", "conf", "cfg", "html", "css",
        "js", "sql", "modulemap", "h", "c",
    ]

    private init() {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        self.root = root
        self.trackedPaths = Self.git(["ls-files"], at: root)
        let known = Self.git(["ls-files", "--cached", "--others", "--exclude-standard"], at: root)
        let paths = Set(known ?? Self.walk(root)).sorted()
        self.paths = paths.filter { FileManager.default.fileExists(atPath: root.appending(path: $0).path) }
        self.files = self.paths.compactMap { path in
            let name = path.split(separator: "/").last.map(String.init) ?? path
            let ending = name.contains(".") ? String(name.split(separator: ".").last ?? "") : ""
            guard ending.isEmpty || name.hasPrefix(".") || Self.textEndings.contains(ending),
                let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
            else { return nil }
            return SourceFile(path: path, text: text)
        }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: self.root.appending(path: path).path) }

    private static func git(_ arguments: [String], at root: URL) -> [String]? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", root.path, "-c", "core.quotePath=off"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0, !bytes.isEmpty else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func walk(_ root: URL) -> [String] {
        guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isDirectoryKey]) else {
            return []
        }
        var paths: [String] = []
        let prefix = root.path.hasSuffix("/") ? root.path : root.path + "/"
        for case let url as URL in walk {
            let name = url.lastPathComponent
            let isFolder = (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
            if isFolder {
                let isBuilt = name.hasPrefix(".build") || [".git", ".cache", ".venv", "__pycache__"].contains(name)
                if isBuilt { walk.skipDescendants() }
            } else if name != "Package.resolved", name != ".git", !name.hasSuffix(".tiktoken"), !name.hasSuffix(".gguf")
            {
                paths.append(String(url.path.dropFirst(prefix.count)))
            }
        }
        return paths
    }
}
