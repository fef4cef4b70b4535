import Batching
import Pricing

/// A line of the file, copied so that it can be worked on beside others.
struct QuoteSourceLine: Sendable {
    let number: Int
    /// Nil when the line is longer than the limit.
    let bytes: [UInt8]?

    init(_ bytes: UnsafeRawBufferPointer, _ place: LineSplitter.Place) {
        self.number = place.number
        self.bytes = place.isTooLong ? nil : Array(bytes)
    }
}

/// What became of a line.
struct QuoteCountedLine: Sendable {
    enum Result: Sendable {
        case invalid(_ code: String, _ message: String)
        /// With a count for each model that the line is quoted for.
        case counted(QuoteRequest, [(model: String, count: CountedPrompt)])
    }

    let number: Int
    let result: Result
}

/// The state of a quote while the file streams by.
struct QuoteGathering {
    private let job: QuoteJob
    private var report: QuoteReport
    private var columns: [QuoteColumn] = []
    private var places: [String: Int] = [:]
    private var order = PrefixOrderBuilder()
    private var previous: [UInt64] = []
    private var edges = SharedEdges()

    init(job: QuoteJob) {
        self.job = job
        self.report = QuoteReport(at: job.at)
    }

    /// Makes room for a model's rows; false when there are too many models.
    @discardableResult
    mutating func open(_ model: String) async throws -> Bool {
        if self.places[model] != nil { return true }
        guard self.columns.count < QuoteJob.modelsMax else { return false }
        self.places[model] = self.columns.count
        self.columns.append(try await self.job.column(model))
        return true
    }

    mutating func take(_ line: QuoteCountedLine) async throws {
        self.report.lines += 1
        switch line.result {
        case .invalid(let code, let message):
            self.refuse(line.number, code, message)
        case .counted(let request, let counts):
            for (model, count) in counts {
                guard try await self.open(model), let place = self.places[model] else {
                    self.refuse(
                        line.number, "too_many_models", "A quote covers at most \(QuoteJob.modelsMax) models.")
                    return
                }
                do throws(PricingError) {
                    try self.columns[place].add(request, count)
                } catch {
                    self.refuse(line.number, "number_too_large", "The line's token counts are too large.")
                    return
                }
            }
            self.addChain(request.chain)
            self.edges.take(request.edges)
        }
    }

    private mutating func addChain(_ chain: [UInt64]) {
        self.report.prefixes.blocks += Int64(chain.count)
        var shared = 0
        while shared < min(chain.count, self.previous.count), chain[shared] == self.previous[shared] { shared += 1 }
        self.report.prefixes.sharedInInputOrder += Int64(shared)
        self.order.append(chain: chain)
        self.previous = chain
    }

    private mutating func refuse(_ line: Int, _ code: String, _ message: String) {
        self.report.invalidCount += 1
        guard self.report.invalidLines.count < QuoteJob.invalidLinesMax else { return }
        self.report.invalidLines.append(.init(line: line, code: code, message: message))
    }

    consuming func finished() async throws -> QuoteReport {
        var report = self.report
        let order = self.order.build()
        // A coarse order can miss sharing that the file's own order has.
        report.prefixes.sharedInPrefixOrder = max(
            Int64(order.totalBlocks - order.minimumBlocks), report.prefixes.sharedInInputOrder)
        let prefixes = report.prefixes
        let ending = self.edges.ending
        for column in self.columns {
            let tokens = try await self.job.tokens(ending, model: column.quote.model)
            report.models.append(column.finished(prefixes, ending: tokens))
        }
        return report
    }
}
