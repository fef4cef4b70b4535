import Quantities

/// The rates that apply together (one model, tier, period, window and context band), ready to multiply.
///
/// All token rates share one denominator, so that a charge is a few multiplications and one division.
struct RateCard: Sendable {
    /// Every rate that applies, fallbacks included; what is absent is unpriced.
    let rates: [Meter: Rate]
    let reasoningApart: Bool
    let imageApart: Bool
    /// Where one kind of output alone has a price, output is of that kind unless a usage says otherwise.
    let plainOutput: UsageSplit.PlainOutput
    /// By `Meter.tokenIndex`; -1 is no price.
    private let numerators: [Int64]
    private let denominator: Int64

    init(rates: [Meter: Rate], reasoningApart: Bool, imageApart: Bool) throws(QuantityError) {
        self.rates = rates
        self.reasoningApart = reasoningApart
        self.imageApart = imageApart
        let outputs = [Meter.output, .reasoningOutput, .audioOutput, .imageOutput].filter { rates[$0] != nil }
        self.plainOutput = outputs == [.imageOutput] ? .image : outputs == [.audioOutput] ? .audio : .text
        var common: Int128 = 1
        for (meter, rate) in rates where meter.isToken {
            let quantity = Int128(rate.quantity)
            let divisor = Int128(Fraction.greatestCommonDivisor(common.magnitude, quantity.magnitude))
            common = try (common / divisor).multiplied(by: quantity)
        }
        guard let denominator = Int64(exactly: common) else { throw .overflow }
        var numerators = [Int64](repeating: -1, count: 11)
        for (meter, rate) in rates {
            guard let index = meter.tokenIndex else { continue }
            numerators[index] = try rate.picodollars.multiplied(by: denominator / rate.quantity)
        }
        self.numerators = numerators
        self.denominator = denominator
    }

    /// The exact amount for the tokens of `split`, over `denominator`; throws the first meter without a price.
    private func numerator(_ split: borrowing UsageSplit) throws(MissingRate) -> Int128 {
        var sum: Int128 = 0
        try self.add(split.input, 0, .input, &sum)
        try self.add(split.cachedInput, 1, .cachedInput, &sum)
        try self.add(split.cacheWrite, 2, .cacheWrite, &sum)
        try self.add(split.cacheWriteLong, 3, .cacheWriteLong, &sum)
        try self.add(split.audioInput, 4, .audioInput, &sum)
        try self.add(split.cachedAudioInput, 5, .cachedAudioInput, &sum)
        try self.add(split.imageInput, 6, .imageInput, &sum)
        try self.add(split.output, 7, .output, &sum)
        try self.add(split.reasoningOutput, 8, .reasoningOutput, &sum)
        try self.add(split.audioOutput, 9, .audioOutput, &sum)
        try self.add(split.imageOutput, 10, .imageOutput, &sum)
        return sum
    }

    /// Adds `count` tokens. A count is at most 2^50 and a numerator below 2^63, so eleven products stay below 2^117.
    @inline(__always)
    private func add(_ count: Int64, _ index: Int, _ meter: Meter, _ sum: inout Int128) throws(MissingRate) {
        if count == 0 { return }
        let numerator = self.numerators[index]
        guard numerator >= 0 else { throw MissingRate(meter: meter) }
        sum &+= Int128(numerator) &* Int128(count)
    }

    /// The tokens' price in picodollars, rounded once, half to even.
    func picodollars(_ split: borrowing UsageSplit) throws(MissingRate) -> Int128 {
        Fraction.divideHalfEven(try self.numerator(split), by: Int128(self.denominator))
    }
}

/// A meter that was used and has no rate.
struct MissingRate: Error {
    let meter: Meter
}
