/// Which entries of the execution log are wanted: `?line=MARK&started_min=N&offset=N&limit=N`.
struct LogQuery: Hashable, Sendable {
    var line: String?
    var startedMin = 0
    var offset = 0
    var limit = ExecutionLog.marksMax

    init(_ query: String) {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? Self.decoded(parts[1]) : ""
            switch parts[0] {
            case "line": self.line = value
            case "started_min": self.startedMin = Int(value) ?? 0
            case "offset": self.offset = max(0, Int(value) ?? 0)
            case "limit": self.limit = max(0, Int(value) ?? ExecutionLog.marksMax)
            default: continue
            }
        }
    }

    func matches(_ entry: ExecutionLog.Entry) -> Bool {
        entry.started >= self.startedMin && (self.line.map { $0 == entry.mark } ?? true)
    }

    /// Percent escapes and plus signs resolved; a broken escape stays as it is.
    private static func decoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "%"), at + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[at + 1...at + 2], as: UTF8.self), radix: 16)
            {
                result.append(value)
                at += 3
            } else {
                result.append(bytes[at] == UInt8(ascii: "+") ? 0x20 : bytes[at])
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
