import ArgumentParser
import ConfigurationYAML
import Gateway
import Glibc
import Quantities
import StoreSQLite

/// The data folder of a gateway, opened beside a server that may be running: it takes changes over within a second.
struct DataOptions: ParsableArguments {
    @Option(
        help: "Data folder. Default: EBB_DATA, else that of --config, else ./ebb-data.", completion: .directory)
    var data: String?

    @Option(help: "The gateway's configuration file (ebb.yaml), for its data folder.", completion: .file())
    var config: String?

    /// The folder that `ebb serve` would use with the same options, and what names it.
    func folder() throws(CommandFailure) -> (path: String, source: String) {
        if let data = self.data { return (data, "--data") }
        let environment = ProcessEnvironment.all.filter { $0.key == "EBB_DATA" }
        do throws(ConfigurationError) {
            let configuration =
                if let config = self.config {
                    try EbbConfiguration.load(config, environment: environment)
                } else {
                    try EbbConfiguration.parse("", file: "ebb.yaml", environment: environment)
                }
            let source = environment.isEmpty ? self.config ?? "the default" : "EBB_DATA"
            return (configuration.dataDirectory, source)
        } catch {
            throw CommandFailure(error.description)
        }
    }

    /// Opens the store, runs `body` and closes it.
    ///
    /// - Parameter creates: make the folder when it is not there; otherwise that is an error, since it is most likely
    ///   the wrong folder.
    func withStore(creates: Bool = false, _ body: (SQLiteStore) async throws -> Void) async throws {
        let (folder, source) = try self.folder()
        let isThere = access(folder + "/ebb.sqlite", F_OK) == 0
        guard creates || isThere else {
            throw CommandFailure(
                "'\(Self.absolute(folder))' (\(source)) is no data folder of a gateway; --data, EBB_DATA or --config "
                    + "name it",
                status: ExitStatus.store)
        }
        let store: SQLiteStore
        do throws(StoreFailure) { store = try SQLiteStore.open(folder: folder) } catch {
            throw CommandFailure("cannot open the data folder '\(folder)': \(error)", status: ExitStatus.store)
        }
        if !isThere { Console.error("Made the data folder '\(Self.absolute(folder))' (\(source)).") }
        do { try await body(store) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    /// A relative path as it lies in the working directory.
    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }
}

extension ProjectStore {
    /// The project that people mean by a name or an id. - Throws: `CommandFailure` when there is none.
    func requireProject(_ text: String) async throws -> ProjectRecord {
        if let project = try await self.project(named: text) { return project }
        if let project = try await self.project(ProjectID(text)) { return project }
        throw CommandFailure("there is no project '\(text)'; 'ebb projects list' shows them")
    }
}

/// Which names projects and keys may have.
enum ShownName {
    static let lengthMax = 64

    /// Letters, digits, `.`, `_` and `-`, beginning with a letter or digit: a project's name stands in commands,
    /// configuration files and metrics.
    static func project(_ text: String) throws(CommandFailure) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "._-".unicodeScalars.contains(scalar))
        }
        guard (1...Self.lengthMax).contains(text.count), isPlain, let first = text.first, !"._-".contains(first) else {
            throw CommandFailure(
                "'\(TextTable.printable(text))' cannot be a project's name: 1 to \(Self.lengthMax) letters, digits, "
                    + "'.', '_' and '-', beginning with a letter or digit")
        }
        guard !text.hasPrefix(ProjectID.prefix) else {
            throw CommandFailure("a project's name cannot begin with '\(ProjectID.prefix)', as ids do")
        }
        return text
    }

    /// Any text for people without control characters.
    static func key(_ text: String) throws(CommandFailure) -> String {
        guard (1...Self.lengthMax).contains(text.count), TextTable.printable(text) == text else {
            throw CommandFailure(
                "'\(TextTable.printable(text))' cannot be a key's name: 1 to \(Self.lengthMax) characters, no control "
                    + "characters")
        }
        return text
    }
}
