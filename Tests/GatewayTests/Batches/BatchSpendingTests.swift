import Gateway
import Quantities
import Testing

@Suite struct BatchSpendingTests {
    private static func dollars(_ text: String) throws -> Money { try Money(decimalDollars: text) }

    @Test func `without a cap every line fits`() throws {
        var spending = BatchSpending(cap: nil)
        spending.add(try Self.dollars("1000"))
        #expect(spending.fits(try Self.dollars("1000")))
        #expect(spending.hold(0, try Self.dollars("1000")))
    }

    @Test func `a line fits when it reaches the cap exactly`() throws {
        var spending = BatchSpending(cap: try Self.dollars("1"))
        spending.add(try Self.dollars("0.4"))
        #expect(spending.hold(0, try Self.dollars("0.6")))
        #expect(!spending.fits(try Self.dollars("0.000000000001")))
        #expect(spending.fits(.zero))
    }

    @Test func `a line that does not fit reserves nothing`() throws {
        var spending = BatchSpending(cap: try Self.dollars("1"))
        #expect(spending.hold(0, try Self.dollars("0.7")))
        #expect(!spending.hold(1, try Self.dollars("0.4")))
        #expect(spending.hold(2, try Self.dollars("0.3")))
    }

    @Test func `a released line makes room`() throws {
        var spending = BatchSpending(cap: try Self.dollars("1"))
        #expect(spending.hold(0, try Self.dollars("1")))
        spending.release(0)
        spending.release(0)
        spending.add(try Self.dollars("0.25"))
        #expect(spending.hold(1, try Self.dollars("0.75")))
    }

    @Test func `a line that is tried again is counted once`() throws {
        var spending = BatchSpending(cap: try Self.dollars("1"))
        #expect(spending.hold(0, try Self.dollars("0.6")))
        #expect(spending.hold(0, try Self.dollars("0.6")))
        #expect(spending.hold(1, try Self.dollars("0.4")))
    }

    @Test(arguments: 1...20) func `whatever lines cost within their bounds, the cap holds`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let cap = Money(picodollars: 10_000)
        var spending = BatchSpending(cap: cap)
        var inFlight: [(line: Int, bound: Int128)] = []
        var line = 0
        for _ in 0..<2_000 {
            let bound = Int128(UInt64.random(in: 0...400, using: &generator))
            if inFlight.count < 8, spending.hold(line, Money(picodollars: bound)) {
                inFlight.append((line, bound))
                line += 1
            } else if let ended = inFlight.popLast() {
                spending.release(ended.line)
                let cost = UInt64.random(in: 0...UInt64(ended.bound), using: &generator)
                spending.add(Money(picodollars: Int128(cost)))
            }
            #expect(spending.spent <= cap)
        }
        for ended in inFlight { spending.add(Money(picodollars: ended.bound)) }
        #expect(spending.spent <= cap)
        #expect(spending.spent > Money(picodollars: 9_000))
    }
}
