import Foundation
import Gateway
import GatewayTesting
import Glibc
import StoreSQLite
import Testing

/// The implementations that must keep the same promises.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case inMemory, sqlite

    var testDescription: String { self.rawValue }

    /// Runs `body` with a fresh store; closes it and removes what it left.
    func withStore(_ body: (any Store) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            let store = try self.open(folder)
            do {
                try await body(store)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }
    }

    /// The store of `folder`; what lives in memory is fresh each time.
    func open(_ folder: String) throws -> any Store {
        switch self {
        case .inMemory: InMemoryStore()
        case .sqlite: try SQLiteStore.open(folder: folder)
        }
    }

    /// Closes the store and opens what is left of it, as a restart does.
    func reopen(_ store: any Store, _ folder: String) async throws -> any Store {
        await store.close()
        if let memory = store as? InMemoryStore {
            memory.reopen()
            return memory
        }
        return try self.open(folder)
    }
}

/// A folder of its own for each test.
enum TemporaryFolder {
    static func with<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        var template = Array("/tmp/ebb-store-XXXXXX".utf8CString)
        let made = mkdtemp(&template) != nil
        try #require(made, "a temporary folder can be made")
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let result: Value
        do {
            result = try await body(path)
        } catch {
            try FileManager.default.removeItem(atPath: path)
            throw error
        }
        try FileManager.default.removeItem(atPath: path)
        return result
    }
}
