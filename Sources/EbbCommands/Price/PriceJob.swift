import OpenAIWire
import Pricing
package import Quantities

/// What `ebb price` does, apart from its arguments.
package struct PriceJob: Sendable {
    /// How the prices of many usages came out.
    package struct Tally: Hashable, Sendable {
        package var priced: Int64 = 0
        package var unpriced: Int64 = 0
        package var flawed: Int64 = 0
        package var total = Money.zero

        mutating func add(_ other: Tally) throws(CommandFailure) {
            self.priced += other.priced
            self.unpriced += other.unpriced
            self.flawed += other.flawed
            do throws(QuantityError) {
                self.total = try self.total.adding(other.total)
            } catch {
                throw CommandFailure("the total is too large")
            }
        }

        /// 0, or why not: unusable input before missing prices.
        package var exitStatus: Int32 {
            self.flawed > 0 ? ExitStatus.usage : self.unpriced > 0 ? ExitStatus.unpriced : 0
        }
    }

    private let pricing: UsagePricing
    private let printsObjects: Bool

    package init(pricing: UsagePricing, printsObjects: Bool) {
        self.pricing = pricing
        self.printsObjects = printsObjects
    }

    /// Prices whole JSON texts: each an object or an array of objects.
    package func run(
        texts: [[UInt8]], output: ByteOutput, complain: (String) -> Void = { Console.error($0) }
    ) throws(CommandFailure) -> Tally {
        var kept = UsagePricing.Kept()
        var tally = Tally()
        for text in texts {
            for value in try Self.values(text) {
                let outcome = value.withUnsafeBytes { self.outcome(of: $0, &kept) }
                try tally.add(Self.tally(of: outcome))
                if self.printsObjects {
                    try output.write(outcome.object + [UInt8(ascii: "\n")])
                } else if case .priced = outcome {
                    try output.write(outcome.receipt)
                } else {
                    complain("ebb: \(outcome.receipt.dropLast())")
                }
            }
        }
        return tally
    }

    /// Prices one usage that consists of extra meters only.
    package func runExtras(output: ByteOutput) throws(CommandFailure) -> Tally {
        var kept = UsagePricing.Kept()
        let outcome = self.pricing.price(UsageStatement(), kept: &kept)
        guard case .priced = outcome else {
            if self.printsObjects { try output.write(outcome.object + [UInt8(ascii: "\n")]) }
            Console.error("ebb: \(outcome.receipt.dropLast())")
            return Self.tally(of: outcome)
        }
        if self.printsObjects {
            try output.write(outcome.object + [UInt8(ascii: "\n")])
        } else {
            try output.write(outcome.receipt)
        }
        return Self.tally(of: outcome)
    }

    private func outcome(of text: UnsafeRawBufferPointer, _ kept: inout UsagePricing.Kept) -> UsagePricing.Outcome {
        do throws(UsageStatement.Flaw) {
            return self.pricing.price(try UsageStatement(parsing: text), kept: &kept)
        } catch {
            return .flawed(error.message)
        }
    }

    /// The elements of an array, each as a text, or the one value.
    private static func values(_ text: [UInt8]) throws(CommandFailure) -> [[UInt8]] {
        do throws(JSONError) {
            return try JSONValue(parsing: text).array?.map(\.encoded) ?? [text]
        } catch {
            throw CommandFailure("not valid JSON: \(error.sentence)")
        }
    }

    private static func tally(of outcome: UsagePricing.Outcome) -> Tally {
        switch outcome {
        case .priced(_, let price): Tally(priced: 1, total: price.amount)
        case .unpriced: Tally(unpriced: 1)
        case .flawed: Tally(flawed: 1)
        }
    }

    /// Prices one usage a line, in constant memory.
    package func run(
        lines input: ByteInput, output: ByteOutput, complain: @escaping (String) -> Void = { Console.error($0) }
    ) async throws -> Tally {
        var tally = Tally()
        var log = FlawLog(input: input.name, complain: complain)
        try await LinePipeline.run(
            LineBlocks(input), width: Processors.online, work: { self.work($0) },
            deliver: { result, before in
                try output.write(result.output)
                log.add(result, after: before)
                try tally.add(result.tally)
            })
        log.finish()
        return tally
    }

    private func work(_ block: LineBlocks.Block) -> LineResult {
        var result = LineResult()
        if block.isTooLong {
            result.lineCount = 1
            self.write(.flawed("the line is longer than \(LineBlocks.lineBytesMax) bytes"), &result)
            return result
        }
        var kept = UsagePricing.Kept()
        result.output.reserveCapacity(block.bytes.count)
        block.bytes.withUnsafeBytes { bytes in
            bytes.forEachLine { line in
                result.lineCount += 1
                if line.isBlankLine { return }
                self.write(self.outcome(of: line, &kept), &result)
            }
        }
        return result
    }

    private func write(_ outcome: UsagePricing.Outcome, _ result: inout LineResult) {
        switch outcome {
        case .priced(_, let price):
            result.tally.priced += 1
            // 2^50 tokens at any price fit 128 bits a million times over.
            result.tally.total = Money(
                picodollars: result.tally.total.picodollars &+ price.amount.picodollars)
            if !self.printsObjects { result.output.append(contentsOf: price.amount.decimalDollars.utf8) }
        case .unpriced(_, let reason):
            result.tally.unpriced += 1
            result.addFlaw("unpriced: \(reason)")
            if !self.printsObjects { result.output.append(contentsOf: "unpriced".utf8) }
        case .flawed(let message):
            result.tally.flawed += 1
            result.addFlaw(message)
            if !self.printsObjects { result.output.append(contentsOf: "invalid".utf8) }
        }
        if self.printsObjects { result.output += outcome.object }
        result.output.append(UInt8(ascii: "\n"))
    }
}
