import EbbCommands

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A scratch folder that goes away with its last user.
final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/ebb-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandFailure("no scratch folder can be made") }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        guard let folder = opendir(self.path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(self.path)/\(name)")
        }
        closedir(folder)
        rmdir(self.path)
    }

    /// Writes a file and returns its path.
    func file(_ name: String, _ text: some Sequence<UInt8>) throws -> String {
        let path = "\(self.path)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let output = ByteOutput(descriptor: descriptor)
        try output.write(text)
        try output.flush()
        close(descriptor)
        return path
    }

    func file(_ name: String, _ text: String) throws -> String { try self.file(name, text.utf8) }
}

/// What a command wrote and complained about.
struct CapturedOutput {
    var text = ""
    var complaints: [String] = []

    var lines: [String] { self.text.split(separator: "\n").map(String.init) }

    /// Runs `work` with an output into a file of `folder`.
    static func of(
        _ folder: ScratchFolder, _ work: (ByteOutput, @escaping (String) -> Void) async throws -> Void
    ) async throws -> CapturedOutput {
        let path = try folder.file("output", "")
        let descriptor = open(path, O_WRONLY)
        let output = ByteOutput(descriptor: descriptor)
        final class Box { var lines: [String] = [] }
        let box = Box()
        try await work(output) { box.lines.append($0) }
        try output.flush()
        close(descriptor)
        let bytes = try ByteInput(path: path).rest(limit: 1 << 30)
        return CapturedOutput(text: String(decoding: bytes, as: UTF8.self), complaints: box.lines)
    }
}
