import Gateway
import Synchronization
package import Tokenizing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds and reads vocabulary files, each once.
package final class Vocabularies: EncoderSource {
    /// The largest vocabulary file that is read; published ones have about 4 MB.
    private static let fileBytesMax = 64 << 20

    /// The folders that are looked into, in this order.
    package let folders: [String]

    private struct State {
        var loaded: [EncodingName: Encoder] = [:]
        var missing: Set<EncodingName> = []
        var broken: [String] = []
    }

    private let state = Mutex(State())

    package init(folders: [String]) { self.folders = folders }

    /// The customary folders under this process's environment; see `folders(option:environment:)`.
    package static func standard(option: String?) -> Vocabularies {
        Vocabularies(folders: Self.folders(option: option, environment: ProcessEnvironment.all))
    }

    /// `option`, `$EBB_VOCABULARIES`, `./.cache/vocabularies`, `ebb/vocabularies` in the user's cache folder
    /// (`$XDG_CACHE_HOME`, else `~/.cache`), and the system's.
    package static func folders(option: String?, environment: [String: String]) -> [String] {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var folders = [option, value("EBB_VOCABULARIES"), "./.cache/vocabularies"].compactMap { $0 }
        // A relative cache folder is invalid by the XDG specification and does not count.
        if let cache = value("XDG_CACHE_HOME"), cache.hasPrefix("/") {
            folders.append("\(cache)/ebb/vocabularies")
        } else if let home = value("HOME") {
            folders.append("\(home)/.cache/ebb/vocabularies")
        }
        return folders + ["/usr/share/ebb/vocabularies", "/usr/share/ebb"]
    }

    /// The encoder of `name`, or nil when no folder has a readable vocabulary for it; see `note`.
    package func encoder(_ name: EncodingName) -> Encoder? {
        self.state.withLock { state in
            if let encoder = state.loaded[name] { return encoder }
            if state.missing.contains(name) { return nil }
            guard let encoder = self.load(name, &state.broken) else {
                state.missing.insert(name)
                return nil
            }
            state.loaded[name] = encoder
            return encoder
        }
    }

    /// What people should know about vocabularies that were asked for and are not there; nil when all were.
    package var note: String? {
        self.state.withLock { state in
            if state.missing.isEmpty { return nil }
            let names = state.missing.map { $0.rankFileEncoding.rawValue }
            let list = Set(names).sorted().joined(separator: ", ")
            let broken = state.broken.map { "\n  \($0)" }.joined()
            let places = self.folders.joined(separator: ", ")
            return
                "counts are estimates (4 bytes a token) without the vocabulary \(list): 'make vocabularies' gets it, "
                + "EBB_VOCABULARIES names its folder; looked in \(places)\(broken)"
        }
    }

    private func load(_ name: EncodingName, _ broken: inout [String]) -> Encoder? {
        for folder in self.folders {
            let path = "\(folder)/\(name.rankFileEncoding.rawValue).tiktoken"
            guard access(path, F_OK) == 0 else { continue }
            do {
                let bytes = try ByteInput(path: path).rest(limit: Self.fileBytesMax)
                return Encoder(try Vocabulary(rankFile: bytes, encoding: name))
            } catch {
                broken.append("\(path): \(error)")
            }
        }
        return nil
    }
}
