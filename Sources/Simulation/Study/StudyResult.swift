/// What a study came to.
public struct StudyResult: Sendable {
    /// What was asked, in words and figures for the head of a report.
    public struct Facts: Sendable {
        /// The trace's name.
        public var trace: String
        public var format: TraceFormat
        public var requests: Int
        public var lines: Int
        public var promptTokens: Int
        public var outputTokens: Int
        /// Nanoseconds.
        public var duration: Int64
        public var engine: String
        public var slots: Int
        public var seed: UInt64
        public var rate: Double

        public init(_ load: Load, trace: String, format: TraceFormat, study: Study, engine: String, rate: Double) {
            self.trace = trace
            self.format = format
            self.requests = load.trace.requests.count
            self.lines = load.lineCount
            let count = max(1, self.requests)
            self.promptTokens = load.trace.requests.reduce(0) { $0 + $1.promptTokens } / count
            self.outputTokens = load.trace.requests.reduce(0) { $0 + $1.outputTokens } / count
            self.duration = study.duration
            self.engine = engine
            self.slots = study.shape.slots
            self.seed = study.seed
            self.rate = rate
        }

        public var requestsPerSecond: Double { Double(self.requests) * 1e9 / Double(max(1, self.duration)) }

        /// Two lines for the head of a report.
        public var words: [String] {
            var first =
                "\(self.trace): \(FigureText.count(self.requests)) requests in \(FigureText.span(self.duration))"
            first += " (\(FigureText.decimal(self.requestsPerSecond, 2))/s), prompts of "
            first += "\(FigureText.count(self.promptTokens)) and answers of "
            first += "\(FigureText.count(self.outputTokens)) tokens on average"
            var second = "engine \(self.engine) with \(self.slots) slots, seed \(self.seed)"
            if self.lines > 0 { second += ", \(FigureText.count(self.lines)) batch lines" }
            if self.rate != 1 { second += ", \(FigureText.decimal(self.rate, 2)) times the recorded rate" }
            return [first, second]
        }
    }

    /// Engines needed before and after a share was moved.
    public struct Moved: Sendable {
        public let move: Move
        public let requests: Int
        public let before: [RunFigures]
        public let after: [RunFigures]
        /// The least number of engines that holds the objectives; nil: none that was tried.
        public var neededBefore: Int? { self.before.first(where: \.holds)?.engines }
        public var neededAfter: Int? { self.after.first { $0.holds && $0.keepsUp }?.engines }

        public init(move: Move, requests: Int, before: [RunFigures], after: [RunFigures]) {
            self.move = move
            self.requests = requests
            self.before = before
            self.after = after
        }
    }

    public let facts: Facts
    /// In the order asked for; with a move first those before, then those after it.
    public let runs: [RunFigures]
    public let objectives: [Objective]
    public let moved: Moved?

    public init(facts: Facts, runs: [RunFigures], objectives: [Objective], moved: Moved? = nil) {
        self.facts = facts
        self.runs = runs
        self.objectives = objectives
        self.moved = moved
    }

    /// All objectives are held, no window passed, and moved work is done.
    public func holds(_ run: RunFigures) -> Bool { run.holds && (self.moved == nil || run.keepsUp) }

    /// More than one number of engines was tried.
    public var isSweep: Bool { Set(self.runs.map(\.engines)).count > 1 }
}
