import BlobDisk
import Foundation
import Gateway
import GatewayTesting
import Testing

@Suite("Blobs on disk") struct BlobDiskTests {
    @Test("finished blobs survive a new opening, leftovers of a crash do not")
    func reopening() throws {
        try TemporaryFolder.with { folder in
            let key = try BlobDisk(folder: folder, randomness: SeededRandomness()).write(Array("abc".utf8))
            let leftover = folder + "/temporary/0123"
            try Data("half".utf8).write(to: URL(filePath: leftover))
            let reopened = try BlobDisk(folder: folder, randomness: SeededRandomness(seed: 2))
            #expect(try reopened.keys() == [key])
            #expect(try reopened.read(key, offset: 0, count: 9) == Array("abc".utf8))
            #expect(!FileManager.default.fileExists(atPath: leftover))
        }
    }

    @Test("opening the folder a second time leaves a running writer alone")
    func secondOpening() throws {
        try TemporaryFolder.with { folder in
            let writer = try BlobDisk(folder: folder, randomness: SeededRandomness()).create()
            try Array("abc".utf8).withUnsafeBytes { try writer.append($0) }
            let other = try BlobDisk(folder: folder, randomness: SeededRandomness(seed: 2))
            let key = try writer.finish()
            #expect(try other.read(key, offset: 0, count: 9) == Array("abc".utf8))
        }
    }

    @Test("files and folders are the owner's only")
    func modes() throws {
        try TemporaryFolder.with { outer in
            let folder = outer + "/blobs"
            let key = try BlobDisk(folder: folder, randomness: SeededRandomness()).write(Array("abc".utf8))
            let prefix = "\(folder)/\(key.text.prefix(2))"
            for (path, mode) in [(folder, 0o700), (prefix, 0o700), ("\(prefix)/\(key)", 0o600)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == mode, "\(path)")
            }
        }
    }

    @Test("a writer that is forgotten leaves no file")
    func forgotten() throws {
        try TemporaryFolder.with { folder in
            let blobs = try BlobDisk(folder: folder, randomness: SeededRandomness())
            do { _ = try blobs.create() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/temporary").isEmpty)
        }
    }

    @Test("more blobs than may be open at once are all readable")
    func manyReaders() throws {
        try TemporaryFolder.with { folder in
            let blobs = try BlobDisk(folder: folder, randomness: SeededRandomness())
            let keys = try (0..<BlobDisk.openFilesMax + 20).map { try blobs.write(Array("\($0)".utf8)) }
            for _ in 0..<2 {
                for (number, key) in keys.enumerated() {
                    #expect(try blobs.read(key, offset: 0, count: 9) == Array("\(number)".utf8))
                }
            }
            #expect(Set(try blobs.keys()) == Set(keys))
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
                return target?.hasPrefix(folder) ?? false
            }
            #expect(open.count <= BlobDisk.openFilesMax)
        }
    }
}
