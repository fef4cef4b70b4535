import Batching
import Gateway
import OpenAIWire
import Quantities

/// Prices the answers of a result file one by one, as a ledger would.
struct AnswerPricing {
    let pricer: Pricer
    /// Further names that the answering model may have its price under, best first; the last is the one asked for.
    let names: [String]
    let tier: JobTier
    let moment: Instant
    let endpoint: Endpoint
    private(set) var usage = TokenUsage.zero
    private(set) var unpriced: Int64 = 0
    private(set) var served: [TierName: Int64] = [:]
    private var requests: Int64 = 0
    private var amount: Int128 = 0
    private var list: Int128 = 0

    init(pricer: Pricer, names: [String], tier: JobTier, moment: Instant, endpoint: Endpoint) {
        self.pricer = pricer
        self.names = names
        self.tier = tier
        self.moment = moment
        self.endpoint = endpoint
    }

    /// nil when answers came and none has a price.
    var charged: Money? { self.isPriced ? Money(picodollars: self.amount) : nil }
    /// The same at the standard tier.
    var standard: Money? { self.isPriced ? Money(picodollars: self.list) : nil }
    private var isPriced: Bool { self.requests == 0 || self.unpriced < self.requests }

    /// Adds all answers of a result file.
    mutating func read(_ path: String) throws {
        let pieces = InputPieces(path: path)
        var splitter = LineSplitter()
        while let piece = try pieces.next() {
            piece.withUnsafeBytes { bytes in splitter.feed(bytes) { line, place in self.add(line, place) } }
        }
        splitter.finish { line, place in self.add(line, place) }
    }

    private mutating func add(_ line: UnsafeRawBufferPointer, _ place: LineSplitter.Place) {
        if place.isBlank { return }
        self.requests += 1
        guard let body = (try? JSONValue(parsing: line))?["response"]?["body"],
            let facts = try? AnswerFacts.scan(body.encoded, self.endpoint), let usage = facts.usage
        else {
            self.unpriced += 1
            return
        }
        self.usage = (try? self.usage.adding(usage)) ?? self.usage
        let tier = self.tier.charged(facts.serviceTier)
        self.served[tier, default: 0] += 1
        let price = self.pricer.price(usage, names: [facts.model ?? ""] + self.names, tier: tier, at: self.moment)
        guard let amount = price.amount else {
            self.unpriced += 1
            return
        }
        self.amount += amount.picodollars
        self.list += (price.listAmount ?? amount).picodollars
    }
}
