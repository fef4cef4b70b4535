import Logging
import Synchronization

/// The lines that a logger was given.
final class CapturedLog: Sendable {
    struct Line: Sendable {
        let message: String
        let metadata: [String: String]
    }

    private struct State {
        var lines: [Line] = []
        var watchers: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var lines: [Line] { self.state.withLock { $0.lines } }

    func count(_ text: String) -> Int { self.lines.count { $0.message.contains(text) } }

    /// Returns once a line with this text was logged.
    func waitFor(_ text: String) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state -> Bool in
                let isThere = state.lines.contains { $0.message.contains(text) }
                if !isThere { state.watchers.append((text, continuation)) }
                return isThere
            }
            if isThere { continuation.resume() }
        }
    }

    private func append(_ line: Line) {
        let watching = self.state.withLock { state in
            state.lines.append(line)
            let watching = state.watchers.filter { line.message.contains($0.text) }
            state.watchers.removeAll { line.message.contains($0.text) }
            return watching
        }
        for watcher in watching { watcher.continuation.resume() }
    }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = self.metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
            self.log.append(Line(message: "\(event.message)", metadata: all))
        }
    }
}
