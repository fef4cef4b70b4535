import ArgumentParser
import Gateway
import Glibc
import Quantities
import StoreSQLite

/// The data folder of a gateway, opened beside a server that may be running: it takes changes over within a second.
struct DataOptions: ParsableArguments {
    @Option(help: "Data folder. Default: EBB_DATA, else ./ebb-data.", completion: .directory)
    var data: String?

    var folder: String {
        if let data = self.data { return data }
        if let value = ProcessEnvironment.all["EBB_DATA"], !value.isEmpty { return value }
        return "./ebb-data"
    }

    /// Opens the store, runs `body` and closes it.
    ///
    /// - Parameter creates: make the folder when it is not there; otherwise that is an error, since it is most likely
    ///   the wrong folder.
    func withStore(creates: Bool = false, _ body: (SQLiteStore) async throws -> Void) async throws {
        let folder = self.folder
        guard creates || access(folder + "/ebb.sqlite", F_OK) == 0 else {
            throw CommandFailure(
                "'\(folder)' is no data folder of a gateway; --data or EBB_DATA names it", status: ExitStatus.store)
        }
        let store: SQLiteStore
        do throws(StoreFailure) { store = try SQLiteStore.open(folder: folder) } catch {
            throw CommandFailure("cannot open the data folder '\(folder)': \(error)", status: ExitStatus.store)
        }
        do { try await body(store) } catch {
            await store.close()
            throw error
        }
        await store.close()
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
