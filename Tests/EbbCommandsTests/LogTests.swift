import EbbCommands
import Logging
import Synchronization
import Testing

private final class Seen: Sendable {
    let values = Mutex<[Logger.Metadata]>([])
}

private struct Handler: LogHandler {
    let seen: Seen
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) { self.seen.values.withLock { $0.append(event.metadata ?? [:]) } }
}

@Suite("Log lines") struct LogTests {
    @Test(
        "what an engine wrote stays a value on its line",
        arguments: [
            ("no room", "no room"), ("größe 東京 🙂", "größe 東京 🙂"), ("don't \"quote\" \\", "don't \"quote\" \\"),
            ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"), ("\u{1B}[2J\u{0}\u{7F}\u{9B}", "\\u{1B}[2J\\0\\u{7F}\\u{009B}"),
            ("a\u{2028}b\u{2029}c\u{202E}d", "a\\u{2028}b\\u{2029}c\\u{202E}d"),
        ])
    func escaped(text: String, shown: String) {
        #expect(self.logged(text) == shown)
    }

    @Test("and is cut when it is long") func cut() {
        let most = OneLineLogHandler.valueMax
        #expect(self.logged(String(repeating: "x", count: most)) == String(repeating: "x", count: most))
        #expect(self.logged(String(repeating: "x", count: most + 1)) == String(repeating: "x", count: most) + "…")
    }

    private func logged(_ text: String) -> String? {
        let seen = Seen()
        let logger = Logger(label: "test") { _ in OneLineLogHandler(Handler(seen: seen)) }
        logger.warning("refused", metadata: ["reason": "\(text)"])
        return seen.values.withLock { $0.first?["reason"]?.description }
    }
}
