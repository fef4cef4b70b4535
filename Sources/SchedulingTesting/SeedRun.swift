public import Foundation

/// Runs the seeds of a random test, one after the other, in a process of the test's own (an exit test). A seed that
/// stops that process has left the command that replays it, and what the process said last.
///
/// `EBB_SEED=n` replays one seed, `EBB_SEEDS=n` tries so many.
public struct SeedRun: Sendable {
    let suite: String
    let seeds: Range<UInt64>

    /// - Parameter suite: the test's name for `swift test --filter`.
    public init(
        _ suite: String, seeds count: UInt64, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.suite = suite
        if let one = environment["EBB_SEED"].flatMap(UInt64.init) {
            self.seeds = one..<one + 1
        } else {
            self.seeds = 0..<(environment["EBB_SEEDS"].flatMap(UInt64.init) ?? count)
        }
    }

    /// In the process of its own: ends it at the first seed that has flaws, or traps.
    public func run(_ flaws: (UInt64) -> [String]) {
        let path = Self.note(self.suite, parent: getppid())
        // A trap speaks to standard error, so that is where the seed stands, too.
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0, dup2(file, STDERR_FILENO) >= 0 else { exit(EXIT_FAILURE) }
        for seed in self.seeds {
            // Only the seed under way is kept.
            guard ftruncate(file, 0) == 0, lseek(file, 0, SEEK_SET) == 0 else { exit(EXIT_FAILURE) }
            Self.say("replay with: EBB_SEED=\(seed) swift test --filter \(self.suite)\n", to: file)
            let found = flaws(seed)
            guard found.isEmpty else {
                Self.say(found.prefix(5).joined(separator: "\n") + "\n", to: file)
                exit(EXIT_FAILURE)
            }
        }
        unlink(path)
    }

    /// In the test's process, when the other one has not ended well: the seed's command and what was said of it.
    public static func lastWords(of suite: String) -> String {
        let path = Self.note(suite, parent: getpid())
        defer { unlink(path) }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return "no seed was begun" }
        return text.split(separator: "\n").prefix(12).joined(separator: "\n")
    }

    private static func note(_ suite: String, parent: Int32) -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("ebb-seeds-\(suite)-\(parent)").path
    }

    private static func say(_ text: String, to file: Int32) {
        _ = Array(text.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }
}
