public import Quantities

/// What is known beforehand about one line of a job.
public struct QuoteLine: Hashable, Sendable {
    /// All prompt tokens.
    public var prompt: Int64
    /// The part of the prompt that other lines share and that could come from the cache at best.
    public var cacheable: Int64
    /// The part of the prompt that is expected to come from the cache; at most `cacheable`.
    public var expectedCached: Int64
    /// Output tokens at least, probably, and at most; rising.
    public var outputFloor: Int64
    public var outputExpected: Int64
    public var outputMax: Int64

    public init(
        prompt: Int64, cacheable: Int64 = 0, expectedCached: Int64 = 0, outputFloor: Int64 = 0,
        outputExpected: Int64, outputMax: Int64
    ) {
        self.prompt = prompt
        self.cacheable = cacheable
        self.expectedCached = expectedCached
        self.outputFloor = outputFloor
        self.outputExpected = outputExpected
        self.outputMax = outputMax
    }

    var inconsistency: String? {
        guard 0 <= self.expectedCached, self.expectedCached <= self.cacheable, self.cacheable <= self.prompt else {
            return "a quote needs 0 <= expected cached <= cacheable <= prompt tokens"
        }
        guard 0 <= self.outputFloor, self.outputFloor <= self.outputExpected, self.outputExpected <= self.outputMax
        else { return "a quote needs 0 <= output floor <= expected <= max tokens" }
        return nil
    }
}

/// What a job costs in one tier on one model.
public struct QuoteRow: Hashable, Sendable {
    public struct Amounts: Hashable, Sendable {
        /// The best case: everything cacheable is cached, outputs are as short as they can be.
        public let floor: Money
        public let expected: Money
        /// The worst case: no cache hits, all prompts written to the cache where that costs more, longest outputs.
        public let max: Money

        public init(floor: Money, expected: Money, max: Money) {
            self.floor = floor
            self.expected = expected
            self.max = max
        }
    }

    public enum Price: Hashable, Sendable {
        case amounts(Amounts)
        /// At least one line has no price in this tier; this is the first reason.
        case unpriced(Unpriced)
    }

    public let model: String
    public let tier: TierName
    public let lines: Int64
    public let price: Price
    /// Expected amount in the standard tier less the expected amount here; nil where either is unpriced.
    public let expectedSaving: Money?
    /// Empty when the tier is unpriced from the start.
    public let priceVersion: String
    /// The completion window that this row stands for, when it is one that is priced as `tier`.
    public var window: String?
    /// The tier that this row stands for, when it is one that is priced as `tier`.
    public var name: TierName?
    /// What bought engines are asked for in place of this tier; empty where none serves.
    public var askedAs: [TierName] = []

    public init(
        model: String, tier: TierName, lines: Int64, price: Price, expectedSaving: Money?, priceVersion: String
    ) {
        self.model = model
        self.tier = tier
        self.lines = lines
        self.price = price
        self.expectedSaving = expectedSaving
        self.priceVersion = priceVersion
    }

    public var amounts: Amounts? {
        if case .amounts(let amounts) = self.price { return amounts }
        return nil
    }
}
