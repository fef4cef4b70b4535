import Glibc

/// What the command can do with the person in front of it, if there is one.
enum Terminal {
    /// Questions need a terminal to be read from and one to be seen on.
    static var canAsk: Bool { isatty(0) == 1 && isatty(2) == 1 }
    /// Standard error is a terminal, so that a line can be drawn again.
    static var canDraw: Bool { isatty(2) == 1 && ProcessEnvironment.all["TERM"] != "dumb" }

    static var columns: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Asks on standard error; everything but a clear yes is a no.
    static func confirms(_ question: String) -> Bool {
        Self.write("\(question) [y/N] ")
        guard let answer = readLine() else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }

    /// Writes to standard error without a line end.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(2, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if count <= 0 { return }
            offset += count
        }
    }
}
