import Foundation
import Tokenizing

/// The rank files, which are not in the repository: `Scripts/fetch-vocabularies` brings them.
enum VocabularyFiles {
    static let skipMessage = "no rank files: run Scripts/fetch-vocabularies or set EBB_VOCABULARIES"

    static let directory: String = {
        if let path = ProcessInfo.processInfo.environment["EBB_VOCABULARIES"], !path.isEmpty { return path }
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent(".cache/vocabularies").path
    }()

    static func bytes(_ encoding: EncodingName) -> [UInt8]? {
        let path = self.directory + "/" + encoding.rankFileEncoding.rawValue + ".tiktoken"
        return FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    static let arePresent = [EncodingName.cl100kBase, .o200kBase].allSatisfy {
        FileManager.default.fileExists(atPath: Self.directory + "/" + $0.rawValue + ".tiktoken")
    }

    static let cl100k = Self.encoder(.cl100kBase)
    static let o200k = Self.encoder(.o200kBase)

    private static func encoder(_ encoding: EncodingName) -> Result<Encoder, any Error> {
        Result {
            guard let file = self.bytes(encoding) else { throw CocoaError(.fileNoSuchFile) }
            return Encoder(try Vocabulary(rankFile: file, encoding: encoding))
        }
    }
}

/// A small made-up vocabulary: the 256 bytes and some longer tokens, so that merging can be tested without rank files.
enum TinyVocabulary {
    static let longer: [[UInt8]] = [
        "ab", "bc", "abc", "aa", "aaaa", "  ", "    ", "he", "ll", "hell", "hello", "\u{E9}", "\u{4E2D}",
        "abcdefgh", "efgh", "ef", "gh", "cd", "abcd", "aaaaaaaa", "defgh", "\n\n", "aab", "ba", "bab", "abab",
        "abababab", "abababababababab",
    ].map { Array($0.utf8) }

    static let tokens: [[UInt8]] = (0...255).map { [UInt8($0)] } + Self.longer

    static var rankFile: [UInt8] { self.rankFile(self.tokens) }

    static func rankFile(_ tokens: [[UInt8]]) -> [UInt8] {
        let lines = tokens.enumerated().map { Data($1).base64EncodedString() + " \($0)" }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    static func encoder(_ encoding: EncodingName = .cl100kBase) throws -> Encoder {
        Encoder(try Vocabulary(rankFile: self.rankFile, encoding: encoding))
    }

    /// The definition of byte-pair merging, as slow and plain as it is written: join the pair of lowest rank, the
    /// leftmost of equals, until no pair can be joined.
    static func plainMerge(_ piece: [UInt8]) -> [UInt32] {
        let ranks = Dictionary(uniqueKeysWithValues: self.tokens.enumerated().map { ($1, UInt32($0)) })
        var parts = piece.map { [$0] }
        while true {
            var best: (rank: UInt32, index: Int)?
            for index in parts.indices.dropLast() {
                guard let rank = ranks[parts[index] + parts[index + 1]] else { continue }
                if rank < best?.rank ?? .max { best = (rank, index) }
            }
            guard let best else { return parts.compactMap { ranks[$0] } }
            parts[best.index] += parts.remove(at: best.index + 1)
        }
    }
}
