import BlobDisk
import Foundation
import Gateway
import GatewayTesting
import Testing

/// The implementations that must keep the same promises.
enum BlobKind: String, CaseIterable, Sendable {
    case inMemory, disk

    func withStore(_ body: (any BlobStore) throws -> Void) throws {
        try TemporaryFolder.with { folder in
            switch self {
            case .inMemory: try body(InMemoryBlobs())
            case .disk: try body(try BlobDisk(folder: folder + "/blobs", randomness: SeededRandomness()))
            }
        }
    }
}

@Suite("Every blob store keeps bytes") struct BlobStoreTests {
    @Test("a blob is read back in any pieces", arguments: BlobKind.allCases, [0, 1, 1_000, 262_143, 262_144, 700_001])
    func pieces(_ kind: BlobKind, size: Int) throws {
        try kind.withStore { blobs in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let key = try blobs.write(bytes, piece: 65_537)
            #expect(try blobs.size(key) == Int64(size))
            #expect(try blobs.read(key, offset: 0, count: size + 10) == bytes)
            #expect(try blobs.read(key, offset: Int64(size / 2), count: 10) == Array(bytes[(size / 2)...].prefix(10)))
            #expect(try blobs.read(key, offset: Int64(size), count: 10).isEmpty)
            #expect(try blobs.read(key, offset: Int64(size) + 5, count: 10).isEmpty)
            #expect(try blobs.read(key, offset: 0, count: 0).isEmpty)
        }
    }

    @Test("appends of any size come back in order", arguments: BlobKind.allCases)
    func mixedAppends(_ kind: BlobKind) throws {
        try kind.withStore { blobs in
            let writer = try blobs.create()
            var expected: [UInt8] = []
            for (number, size) in [3, 300_000, 1, 262_143, 1, 262_144, 0, 7, 600_000, 5].enumerated() {
                let bytes = [UInt8](repeating: UInt8(number), count: size)
                try bytes.withUnsafeBytes { try writer.append($0) }
                expected += bytes
            }
            let key = try writer.finish()
            #expect(try blobs.read(key, offset: 0, count: expected.count) == expected)
        }
    }

    @Test("a blob exists only once it is finished", arguments: BlobKind.allCases)
    func unfinished(_ kind: BlobKind) throws {
        try kind.withStore { blobs in
            let writer = try blobs.create()
            try Array("abc".utf8).withUnsafeBytes { try writer.append($0) }
            #expect(try blobs.keys().isEmpty)
            writer.abort()
            writer.abort()
            #expect(throws: StoreFailure.self) { _ = try writer.finish() }
            #expect(try blobs.keys().isEmpty)

            let other = try blobs.create()
            let key = try other.finish()
            other.abort()
            #expect(try blobs.keys() == [key])
            #expect(try blobs.size(key) == 0)
        }
    }

    @Test("a deleted blob is gone, deleting again is no error", arguments: BlobKind.allCases)
    func delete(_ kind: BlobKind) throws {
        try kind.withStore { blobs in
            let kept = try blobs.write(Array("kept".utf8))
            let key = try blobs.write(Array("gone".utf8))
            _ = try blobs.read(key, offset: 0, count: 4)
            try blobs.delete(key)
            try blobs.delete(key)
            #expect(throws: StoreFailure.notFound) { _ = try blobs.read(key, offset: 0, count: 4) }
            #expect(throws: StoreFailure.notFound) { _ = try blobs.size(key) }
            #expect(try blobs.keys() == [kept])
        }
    }

    @Test(
        "a key that no store made is not found, whatever it says", arguments: BlobKind.allCases,
        ["", "x", "../../../../etc/passwd", "00000000000000000000000000000000"])
    func unknownKeys(_ kind: BlobKind, text: String) throws {
        try kind.withStore { blobs in
            #expect(throws: StoreFailure.notFound) { _ = try blobs.size(BlobKey(text)) }
            #expect(throws: StoreFailure.notFound) { _ = try blobs.read(BlobKey(text), offset: 0, count: 9) }
            try blobs.delete(BlobKey(text))
        }
    }
}

extension BlobStore {
    func write(_ bytes: [UInt8], piece: Int = 1_024) throws -> BlobKey {
        let writer = try self.create()
        var rest = bytes[...]
        while !rest.isEmpty {
            try rest.prefix(piece).withUnsafeBytes { try writer.append($0) }
            rest = rest.dropFirst(piece)
        }
        return try writer.finish()
    }
}

/// A folder of its own for each test.
enum TemporaryFolder {
    static func with(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ebb-blobs-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
