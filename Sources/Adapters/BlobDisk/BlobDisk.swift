public import Gateway
import Glibc
import Synchronization

/// Blobs as files of one folder.
///
/// A blob is written under a temporary name, made durable, and only then renamed, so that a name with bytes behind it
/// is always whole. Finished blobs lie in 256 folders by the first two characters of their random key; files are
/// readable by their owner only. Opening removes temporary files that a crash left; those that some process still
/// writes are locked and stay.
public final class BlobDisk: BlobStore {
    /// Finished blobs kept open for reading.
    public static let openFilesMax = 64

    let folder: String
    private let randomness: any Randomness
    private let readers: Mutex<OpenFiles>

    /// Opens the folder, creating it when it is missing.
    public init(folder: String, randomness: any Randomness) throws(StoreFailure) {
        self.folder = folder
        self.randomness = randomness
        self.readers = Mutex(OpenFiles(max: Self.openFilesMax))
        try BlobFile.makeFolder(folder)
        try BlobFile.makeFolder(self.temporaryFolder)
        for name in try BlobFile.names(in: self.temporaryFolder) {
            try BlobFile.removeUnlessLocked(self.temporaryFolder + "/" + name)
        }
    }

    public func create() throws(StoreFailure) -> any BlobWriter {
        let name = self.randomName()
        let target = self.path(BlobKey(name))
        return try DiskBlobWriter(
            key: BlobKey(name), temporary: self.temporaryFolder + "/" + name, target: target.path,
            folder: target.folder)
    }

    public func read(_ key: BlobKey, offset: Int64, count: Int) throws(StoreFailure) -> [UInt8] {
        guard count > 0, offset >= 0 else { return [] }
        let file = try self.file(key)
        return try file.read(offset: offset, count: count)
    }

    public func size(_ key: BlobKey) throws(StoreFailure) -> Int64 { try self.file(key).size() }

    public func delete(_ key: BlobKey) throws(StoreFailure) {
        guard Self.isKey(key.text) else { return }
        try BlobFile.remove(self.path(key).path)
        self.readers.withLock { $0.forget(key) }
    }

    public func keys() throws(StoreFailure) -> [BlobKey] {
        var keys: [BlobKey] = []
        for prefix in try BlobFile.names(in: self.folder) where prefix.utf8.count == 2 {
            for name in try BlobFile.names(in: self.folder + "/" + prefix) where Self.isKey(name) {
                keys.append(BlobKey(name))
            }
        }
        return keys
    }

    private var temporaryFolder: String { self.folder + "/temporary" }

    private func path(_ key: BlobKey) -> (folder: String, path: String) {
        let folder = self.folder + "/" + key.text.prefix(2)
        return (folder, folder + "/" + key.text)
    }

    private func file(_ key: BlobKey) throws(StoreFailure) -> BlobFile {
        guard Self.isKey(key.text) else { throw .notFound }
        if let open = self.readers.withLock({ $0.find(key) }) { return open }
        let file = try BlobFile(reading: self.path(key).path)
        self.readers.withLock { $0.keep(file, for: key) }
        // Deleted between opening and keeping: kept, it would hold its disk space and still be read.
        if try file.isRemoved() { self.readers.withLock { $0.forget(key) } }
        return file
    }

    /// 128 random bits in lower-case hex.
    private func randomName() -> String {
        var name = ""
        for _ in 0..<2 {
            let digits = String(self.randomness.next(), radix: 16)
            name += String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return name
    }

    /// Only names of the form that `randomName` makes are ever turned into paths.
    private static func isKey(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
