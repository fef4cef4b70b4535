import ConfigurationYAML
import Foundation

/// Files of the repository that tests read.
enum RepositoryFile {
    private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
        separator: "/")

    static func text(_ path: String) throws -> String { try TextFile.read("\(Self.root)/\(path)") }

    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(Self.root)/\(folder)").sorted()
    }
}

func refusal<T>(_ body: () throws(ConfigurationError) -> T) -> ConfigurationError? {
    do throws(ConfigurationError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
