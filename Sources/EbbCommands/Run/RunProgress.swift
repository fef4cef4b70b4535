import Gateway
import Quantities

/// Shows how far a job is: a bar that is drawn again on a terminal, a line every few seconds elsewhere.
struct RunProgress: Sendable {
    /// How far the job is.
    struct State: Sendable {
        var total: Int64
        var completed: Int64
        var failed: Int64
        /// Input and output.
        var tokens: Int64
        var cost: Money?
        /// Why no line ends at present.
        var waitsFor: String?

        var done: Int64 { self.completed + self.failed }
    }

    static let drawInterval: Duration = .milliseconds(500)
    static let lineInterval: Duration = .seconds(5)
    /// The rate and the time left are over what happened within this time.
    static let rateSpan: Duration = .seconds(20)

    let clock: any GatewayClock
    let isDrawn: Bool
    private var samples: [(at: Instant, state: State)] = []

    init(clock: any GatewayClock, isDrawn: Bool) {
        self.clock = clock
        self.isDrawn = isDrawn
    }

    /// Shows until cancelled; `read` gives the state, `check` is called each time.
    mutating func run(
        read: @Sendable () async throws -> State, check: @Sendable (State) async -> Void
    ) async {
        // A job that waits is told of after as long as one that goes on.
        var shown = self.clock.now
        var isFirst = true
        while (try? await self.clock.sleep(for: Self.drawInterval)) != nil {
            guard let state = try? await read() else { continue }
            await check(state)
            let now = self.clock.now
            self.add(state, now)
            if self.isDrawn {
                Terminal.write("\r\u{1B}[K" + self.bar(state, columns: Terminal.columns))
            } else if now.since(shown) >= Self.lineInterval || isFirst && state.done > 0 {
                shown = now
                isFirst = false
                Console.error(self.text(state))
            }
        }
        if self.isDrawn { Terminal.write("\r\u{1B}[K") }
    }

    private mutating func add(_ state: State, _ now: Instant) {
        self.samples.append((now, state))
        while self.samples.count > 2, now.since(self.samples[1].at) > Self.rateSpan { self.samples.removeFirst() }
    }

    /// Tokens a second, and the time that the rest takes at this rate.
    private var pace: (tokens: Int64, left: Duration?) {
        guard let first = self.samples.first, let last = self.samples.last else { return (0, nil) }
        let seconds = last.at.since(first.at).secondsApproximate
        guard seconds > 0 else { return (0, nil) }
        let tokens = Int64((Double(last.state.tokens - first.state.tokens) / seconds).rounded())
        let lines = Double(last.state.done - first.state.done) / seconds
        guard lines > 0 else { return (tokens, nil) }
        return (tokens, .seconds(Double(last.state.total - last.state.done) / lines))
    }

    private func facts(_ state: State) -> [String] {
        let pace = self.pace
        var facts: [String] = []
        if state.failed > 0 { facts.append("\(Figures.count(state.failed)) failed") }
        facts.append("\(Figures.count(pace.tokens)) tokens/s")
        if let cost = state.cost { facts.append(Figures.money(cost)) }
        if let wait = state.waitsFor {
            facts.append("waiting for \(wait)")
        } else if let left = pace.left {
            facts.append("\(Figures.time(left)) left")
        }
        return facts
    }

    private func text(_ state: State) -> String {
        let head = "\(Figures.count(state.done)) of \(Figures.count(state.total)) lines"
        return ([head] + self.facts(state)).joined(separator: ", ")
    }

    private func bar(_ state: State, columns: Int) -> String {
        let tail = ([" \(Figures.count(state.done))/\(Figures.count(state.total))"] + self.facts(state))
            .joined(separator: "  ")
        let width = min(40, columns - tail.count - 3)
        guard width >= 5 else { return String(tail.prefix(max(0, columns - 1))) }
        let full = state.total > 0 ? Int(Int64(width) * state.done / state.total) : 0
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: width - full) + "]" + tail
    }
}
