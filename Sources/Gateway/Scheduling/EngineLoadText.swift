package import Routing

/// Reads how busy an engine is from its metrics in Prometheus' text format (names: scheduling.md 4).
package enum EngineLoadText {
    /// Requests that wait in the engine, and those that it works on.
    package struct Load: Equatable {
        package var waiting: Int
        package var running: Int

        package init(waiting: Int, running: Int) {
            self.waiting = waiting
            self.running = running
        }
    }

    private struct Names {
        let waiting: [[UInt8]]
        let running: [[UInt8]]

        init(waiting: [String], running: [String]) {
            self.waiting = waiting.map { Array($0.utf8) }
            self.running = running.map { Array($0.utf8) }
        }
    }

    private static func names(_ kind: EngineKind) -> Names? {
        switch kind {
        case .vllm, .simulated:
            Names(waiting: ["vllm:num_requests_waiting"], running: ["vllm:num_requests_running"])
        case .sglang:
            Names(
                waiting: ["sglang:num_queue_reqs", "sglang_num_queue_reqs"],
                running: ["sglang:num_running_reqs", "sglang_num_running_reqs"])
        case .llamacpp: Names(waiting: ["llamacpp:requests_deferred"], running: ["llamacpp:requests_processing"])
        case .ollama, .openai: nil
        }
    }

    /// True for kinds whose metrics tell.
    static func tells(_ kind: EngineKind) -> Bool { self.names(kind) != nil }

    /// Sums over all series of a name: an engine may have several workers.
    ///
    /// - Returns: nil when one of the two is missing.
    package static func read(_ text: [UInt8], kind: EngineKind) -> Load? {
        guard let names = self.names(kind) else { return nil }
        var waiting: Double?
        var running: Double?
        // Most lines are others: they are looked at where they stand, and cut out where the name is right.
        text.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
                let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                if let value = self.value(of: line, names.waiting) { waiting = (waiting ?? 0) + value }
                if let value = self.value(of: line, names.running) { running = (running ?? 0) + value }
                start = end + 1
            }
        }
        guard let waiting, let running, (0...1e6).contains(waiting), (0...1e6).contains(running) else { return nil }
        return Load(waiting: Int(waiting), running: Int(running))
    }

    /// The value of a series when it has one of these names.
    private static func value(of line: UnsafeRawBufferPointer, _ names: [[UInt8]]) -> Double? {
        for name in names where self.begins(line, with: name) {
            var rest = line.dropFirst(name.count)
            if rest.first == UInt8(ascii: "{") {
                guard let end = rest.lastIndex(of: UInt8(ascii: "}")) else { return nil }
                rest = rest[(end + 1)...]
            }
            // A longer name that begins the same is another series.
            guard rest.first == UInt8(ascii: " ") || rest.first == UInt8(ascii: "\t") else { continue }
            let field = rest.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == 13 }.first ?? []
            return Double(String(decoding: field, as: UTF8.self))
        }
        return nil
    }

    private static func begins(_ line: UnsafeRawBufferPointer, with name: [UInt8]) -> Bool {
        guard line.count >= name.count else { return false }
        for place in 0..<name.count where line[place] != name[place] { return false }
        return true
    }
}
