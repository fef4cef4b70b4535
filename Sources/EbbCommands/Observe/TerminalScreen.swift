import Dispatch
import Glibc
import Synchronization

/// A screen of its own on the terminal, drawn again and again; whatever ends the process, the terminal is as before.
final class TerminalScreen: Sendable {
    /// Dispatch's sources are thread-safe but not marked so.
    private struct Sources: @unchecked Sendable {
        let list: [any DispatchSourceSignal]
    }

    private let before: Mutex<termios?>
    private let sources: Sources

    init() {
        self.before = Mutex(nil)
        self.sources = Sources(
            list: [SIGINT, SIGTERM, SIGHUP].map {
                signal($0, SIG_IGN)
                return DispatchSource.makeSignalSource(signal: $0, queue: .global())
            })
    }

    /// The alternate screen, without a cursor and without wrapping; what is typed is not shown.
    func open() {
        var settings = termios()
        if tcgetattr(0, &settings) == 0 {
            self.before.withLock { $0 = settings }
            settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
            tcsetattr(0, TCSANOW, &settings)
        }
        Self.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
        for (source, number) in zip(self.sources.list, [SIGINT, SIGTERM, SIGHUP]) {
            source.setEventHandler { [weak self] in
                self?.close()
                _exit(number == SIGINT ? ExitStatus.interrupted : 128 + number)
            }
            source.resume()
        }
    }

    /// Gives the terminal back; only the first call does anything.
    func close() {
        let settings = self.before.withLock { before -> termios? in
            defer { before = nil }
            return before
        }
        Self.write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        if var settings {
            // What was typed meanwhile is not for the shell.
            tcsetattr(0, TCSAFLUSH, &settings)
        }
    }

    func draw(_ lines: [String]) {
        var size = winsize()
        let isKnown = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        let (rows, columns) = isKnown ? (Int(size.ws_row), Int(size.ws_col)) : (24, 80)
        Self.write(ScreenFrame.text(lines, rows: rows, columns: columns))
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // A terminal that is gone ends the process by its signal.
        bytes.withUnsafeBytes { try? FileBytes.write($0, to: 1, name: "the terminal") }
    }
}

/// What is written to a terminal for one drawing.
package enum ScreenFrame {
    /// Lines cut at the right edge and at the bottom, never wrapped or scrolled.
    package static func text(_ lines: [String], rows: Int, columns: Int) -> String {
        // Each line is cleared before it is written: afterwards the cursor may stand on its last column.
        let shown = lines.prefix(rows).map { "\u{1B}[K" + $0.prefix(columns) }
        let rest = lines.count < rows ? "\r\n\u{1B}[J" : ""
        return "\u{1B}[H" + shown.joined(separator: "\r\n") + rest
    }
}
