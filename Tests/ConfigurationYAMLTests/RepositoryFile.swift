import ConfigurationYAML

/// Files of the repository that tests read.
enum RepositoryFile {
    static func text(_ path: String, from file: String = #filePath) throws -> String {
        let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        return try TextFile.read("\(root)/\(path)")
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
