import Batching
import OpenAIWire
public import Pricing
public import Quantities

/// Use case: foretells what a file of requests costs, in each tier and on each model, before anything runs.
///
/// The file is read once, as a stream; memory is one piece of it and the bounded prefix chains.
public struct QuoteJob: Sendable {
    /// Output tokens assumed for an answer of a model without a history.
    public static let expectedOutputDefault: Int64 = 256
    /// Output tokens of an answer at most, where neither the request nor the configuration sets a limit.
    public static let outputMaxDefault: Int64 = 16_384
    /// Models of one file; lines with more are refused.
    public static let modelsMax = 64
    static let invalidLinesMax = 100

    /// A completion window, and the tier whose price it has.
    public struct Window: Hashable, Sendable {
        public var window: CompletionWindow
        public var tier: TierName

        public init(window: CompletionWindow, tier: TierName) {
            self.window = window
            self.tier = tier
        }
    }

    public struct Settings: Sendable {
        /// The models to quote for; empty is the one that each line names.
        public var models: [String]
        /// Nil: standard, flex, batch and the windows that have a price.
        public var tiers: [TierName]?
        /// Whose prices apply.
        public var at: Instant
        /// Names that prices are found under, by model.
        public var priceNames: [String: String] = [:]
        /// Completion windows and the tiers that they are priced as; each has a row of its own.
        public var windows: [Window] = []
        /// Tiers that are priced as another one of the book.
        public var tiersPricedAs: [TierName: TierName] = [:]
        /// The engines that may serve a model, as far as they are known.
        public var servings: [String: [QuoteServing]] = [:]
        /// Engines to quote one by one.
        public var engines: [QuoteEngine] = []
        /// Output limits of models, for requests without one.
        public var outputMax: [String: Int64] = [:]
        /// Pieces of work at the same time: processors, or calls to an engine that counts.
        public var width = 2

        public init(models: [String] = [], tiers: [TierName]? = nil, at: Instant) {
            self.models = models
            self.tiers = tiers
            self.at = at
        }
    }

    private let book: PriceBook
    private let counter: any PromptCounting
    private let ledger: (any LedgerStore)?
    private let settings: Settings

    /// - Parameter ledger: where past requests tell how long a model's answers are; nil without a history.
    public init(book: PriceBook, counter: any PromptCounting, ledger: (any LedgerStore)? = nil, settings: Settings) {
        self.book = book
        self.counter = counter
        self.ledger = ledger
        self.settings = settings
    }

    /// Reads the job to its end.
    ///
    /// - Parameter next: the next bytes of the file; empty at its end.
    public func run(_ next: () async throws -> [UInt8]) async throws -> QuoteReport {
        var gathering = QuoteGathering(job: self)
        for model in self.settings.models { try await gathering.open(model) }
        var splitter = LineSplitter()
        while true {
            let piece = try await next()
            var lines: [QuoteSourceLine] = []
            let gather = { (bytes: UnsafeRawBufferPointer, place: LineSplitter.Place) in
                if !place.isBlank || place.isTooLong { lines.append(QuoteSourceLine(bytes, place)) }
            }
            if piece.isEmpty { splitter.finish(gather) } else { piece.withUnsafeBytes { splitter.feed($0, gather) } }
            for line in try await self.counted(lines) { try await gathering.take(line) }
            if piece.isEmpty { return try await gathering.finished() }
        }
    }

    /// Reads and counts lines side by side; the result keeps their order.
    private func counted(_ lines: [QuoteSourceLine]) async throws -> [QuoteCountedLine] {
        let share = max(1, (lines.count + self.settings.width - 1) / self.settings.width)
        return try await withThrowingTaskGroup(of: (Int, [QuoteCountedLine]).self) { group in
            for start in stride(from: 0, to: lines.count, by: share) {
                let part = lines[start..<min(start + share, lines.count)]
                group.addTask {
                    var result: [QuoteCountedLine] = []
                    for line in part { result.append(try await self.count(line)) }
                    return (start, result)
                }
            }
            var parts: [(Int, [QuoteCountedLine])] = []
            for try await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    private func count(_ line: QuoteSourceLine) async throws -> QuoteCountedLine {
        guard let bytes = line.bytes else {
            return QuoteCountedLine(
                number: line.number,
                result: .invalid(
                    "request_limit_exceeded", "The line is longer than \(BatchLimits().lineBytesMax) bytes."))
        }
        let request: QuoteRequest
        do throws(LineRefusal) {
            request = try bytes.withUnsafeBufferPointer { (buffer) throws(LineRefusal) in
                try QuoteRequest(line: UnsafeRawBufferPointer(buffer), number: line.number)
            }
        } catch {
            return QuoteCountedLine(
                number: line.number, result: .invalid(error.error.code.rawValue, error.error.message))
        }
        let models = self.settings.models.isEmpty ? [request.model ?? ""] : self.settings.models
        guard models != [""] else {
            return QuoteCountedLine(
                number: line.number, result: .invalid("invalid_request", QuoteReport.InvalidLine.modelRequired))
        }
        var counts: [(String, CountedPrompt)] = []
        for model in models { counts.append((model, try await self.counter.count(request.request, model: model))) }
        return QuoteCountedLine(number: line.number, result: .counted(request, counts))
    }

    /// The tokens of a text by itself.
    func tokens(_ text: String, model: String) async throws -> Int64 {
        guard !text.isEmpty else { return 0 }
        let body = JSONValue.object([.init("prompt", .string(text))])
        guard let request = CountableRequest(body: body) else { return 0 }
        return try await self.counter.count(request, model: model).tokens
    }

    func column(_ model: String) async throws(StoreFailure) -> QuoteColumn {
        QuoteColumn(
            model: model, settings: self.settings, book: self.book,
            past: try await self.ledger?.outputStatistics(model: model))
    }

    var at: Instant { self.settings.at }
}
