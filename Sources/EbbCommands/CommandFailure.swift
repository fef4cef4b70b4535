import ArgumentParser
import Gateway
import Glibc

/// What every command's exit status means (docs/guides/commands.md).
enum ExitStatus {
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let linesFailed: Int32 = 3
    static let capReached: Int32 = 4
    /// Something had no price.
    static let unpriced: Int32 = 3
    static let engineUnreachable: Int32 = 5
    static let store: Int32 = 6
    static let interrupted: Int32 = 130
    /// As a shell shows a process that SIGPIPE ended.
    static let outputClosed: Int32 = 141
}

/// Ends a command with a message for people and a status for scripts.
package struct CommandFailure: Error {
    package let message: String
    package let status: Int32

    package init(_ message: String, status: Int32 = 2) {
        self.message = message
        self.status = status
    }
}

/// Standard error, unbuffered; standard output is for data.
enum Console {
    static func error(_ text: String) {
        let line = Array((text + "\n").utf8)
        line.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let written = write(2, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
                if written <= 0 { return }
                offset += written
            }
        }
    }

    static func out(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Runs a command's work; failures are printed once, without a usage text, and become the exit status.
    static func run(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let failure as CommandFailure {
            Self.error("ebb: \(failure.message)")
            throw ExitCode(failure.status)
        } catch ServerFailure.outputClosed {
            throw ExitCode(ExitStatus.outputClosed)
        } catch let failure as ServerFailure {
            Self.error("ebb: \(failure)")
            throw ExitCode(failure.exitStatus)
        } catch let failure as StoreFailure {
            Self.error("ebb: \(failure)")
            throw ExitCode(ExitStatus.store)
        } catch let failure as PromptCountingError {
            Self.error("ebb: \(failure)")
            throw ExitCode(ExitStatus.usage)
        }
    }
}
