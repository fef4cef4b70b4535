import ArgumentParser
import Gateway
import Glibc
import Quantities

/// Asks for a batch every second until it has ended, and tells how it goes on standard error.
struct BatchWatcher {
    static let interval: Duration = .seconds(1)
    /// The interval varies by that share both ways, so that many watchers do not ask in step.
    static let jitter = 0.2
    /// How long a gateway may be away (a restart) before watching gives up.
    static let absenceMax: Duration = .seconds(120)

    let client: ServerClient
    let clock: any GatewayClock
    let randomness: any Randomness
    /// One line that is written over, or a line for each change.
    let isTerminal: Bool
    let show: (String) -> Void

    init(client: ServerClient) {
        self.client = client
        self.clock = SystemClock()
        self.randomness = SystemRandomness()
        let isTerminal = isatty(2) == 1
        self.isTerminal = isTerminal
        self.show = { text in
            if isTerminal { FileHandleText.error("\r\u{1B}[K" + text) } else { Console.error(text) }
        }
    }

    /// - Returns: the batch in its last state.
    func run(_ id: String) async throws -> BatchFacts {
        var progress = BatchProgress()
        var absentSince: Instant?
        var shown = ""
        while true {
            do throws(ServerFailure) {
                let batch = try await BatchFacts.fetch(id, self.client)
                absentSince = nil
                let line = progress.line(batch, now: self.clock.now, isTerminal: self.isTerminal)
                if line != shown { self.show(line) }
                shown = line
                if batch.isFinished {
                    if self.isTerminal { FileHandleText.error("\n") }
                    return batch
                }
            } catch {
                let now = self.clock.now
                guard error.isPassing, now.since(absentSince ?? now) < Self.absenceMax else { throw error }
                if absentSince == nil {
                    absentSince = now
                    self.show("\(error); trying again")
                    shown = ""
                }
            }
            let factor = 1 + Self.jitter * (2 * self.randomness.unit() - 1)
            try await self.clock.sleep(for: .nanoseconds(Int64(Double(Self.interval.nanosecondsClamped) * factor)))
        }
    }

    /// The end of `create --watch` and `watch`: the final object or a summary, validation errors, the exit status.
    static func finish(_ batch: BatchFacts, json: Bool) throws {
        if json { try StandardOutput.json(batch.object) } else { try batch.print() }
        if json, batch.status == "failed" { for line in batch.errorLines { Console.error(line) } }
        if batch.exitStatus != 0 { throw ExitCode(batch.exitStatus) }
    }
}

/// The line that tells how far a batch is.
struct BatchProgress {
    private var first: (time: Instant, done: Int64)?

    /// - Parameter isTerminal: with speed and time left; elsewhere lines change only when the batch does.
    mutating func line(_ batch: BatchFacts, now: Instant, isTerminal: Bool) -> String {
        var text = "\(batch.id) \(batch.status)"
        guard batch.total > 0 else { return text }
        let done = batch.completed + batch.failed
        text += " \(done)/\(batch.total) (\(done * 100 / batch.total) %)"
        if batch.failed > 0 { text += ", \(batch.failed) failed" }
        if let wait = WaitText.of(batch.object) { return text + ", waiting for \(wait)" }
        guard isTerminal, !batch.isFinished else { return text }
        if let prompts = PromptText.ratio(batch.object) { text += ", prompts \(prompts)" }
        guard let first = self.first else {
            self.first = (now, done)
            return text
        }
        let seconds = now.since(first.time).secondsApproximate
        guard seconds >= 1, done > first.done else { return text }
        let rate = Double(done - first.done) / seconds
        text += rate >= 10 ? ", \(Int64(rate)) lines/s" : ", \(Int64(rate * 60)) lines/min"
        text += ", about \(Self.duration(Int64(Double(batch.total - done) / rate))) left"
        return text
    }

    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        }
    }
}

/// Text on standard error without a line end.
enum FileHandleText {
    static func error(_ text: String) {
        let bytes = Array(text.utf8)
        // Progress is for a person who looks; nothing depends on it.
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
