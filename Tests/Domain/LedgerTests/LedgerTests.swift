import Ledger
import Quantities
import Testing

@Suite("Ledger")
struct LedgerTests {
    @Test("holds never let spent and reserved pass the cap, whatever the order of events")
    func holdBookWalk() throws {
        var generator = SeededGenerator(seed: 7)
        let cap = Money(picodollars: 10_000)
        var book = HoldBook<ProjectID>()
        book.open("p", cap: cap, spent: .zero)
        var open: [(RequestID, Int128)] = []
        for step in 0..<5_000 {
            if open.isEmpty || Bool.random(using: &generator) {
                let amount = Int128(Int.random(in: 0...400, using: &generator))
                let id = RequestID("r\(step)")
                if try book.place(id, on: "p", amount: Money(picodollars: amount)) == .held {
                    open.append((id, amount))
                }
            } else {
                let place = Int.random(in: 0..<open.count, using: &generator)
                let (id, amount) = open.remove(at: place)
                let actual = amount == 0 ? 0 : Int128(Int.random(in: 0...Int(amount), using: &generator)) / 8
                try book.settle(id, on: "p", actual: Money(picodollars: actual))
            }
            let used = try book.spent("p").adding(book.reserved("p"))
            #expect(used <= cap)
            #expect(book.openHolds == open.count)
            #expect(book.reserved("p").picodollars == open.reduce(0) { $0 + $1.1 })
        }
        #expect(book.spent("p") > .zero)
    }

    @Test("a refusal says what is left and changes nothing")
    func refusal() throws {
        var book = HoldBook<ProjectID>()
        book.open("p", cap: Money(picodollars: 100), spent: Money(picodollars: 30))
        #expect(try book.place("a", on: "p", amount: Money(picodollars: 50)) == .held)
        #expect(
            try book.place("b", on: "p", amount: Money(picodollars: 21))
                == .refused(
                    CapBalance(
                        cap: Money(picodollars: 100), spent: Money(picodollars: 30), reserved: Money(picodollars: 50))))
        let balance = try #require(book.balance("p"))
        #expect((balance.unspent, balance.available) == (Money(picodollars: 70), Money(picodollars: 20)))
        #expect(book.reserved("p") == Money(picodollars: 50))
        #expect(try book.place("c", on: "free", amount: Money(dollars: 1_000)) == .held)
    }

    @Test("totals add priced requests and count the unpriced apart")
    func totals() throws {
        var totals = ChargeTotals()
        func charge(_ id: RequestID, _ amount: Money?, list: Money?) -> Charge {
            Charge(
                request: id, project: "p", endpoint: "/v1/chat/completions", engine: "e", requestedModel: "m",
                servedModel: "m", servedTier: .batch, startedAt: Instant(seconds: 1), finishedAt: Instant(seconds: 2),
                usage: TokenUsage(input: 10, output: 5), amount: amount, listAmount: list, priceVersion: "v",
                outcome: .answered)
        }
        try totals.add(charge("a", Money(picodollars: 5), list: Money(picodollars: 10)))
        try totals.add(charge("b", Money(picodollars: 7), list: nil))
        try totals.add(charge("c", nil, list: nil))
        var refused = charge("d", .zero, list: .zero)
        refused.outcome = .refused
        try totals.add(refused)
        #expect(totals.requests == 3 && totals.unpricedRequests == 1 && totals.refusedRequests == 1)
        #expect(totals.amount.picodollars == 12 && totals.listAmount.picodollars == 17)
        #expect(try totals.saved.picodollars == 5)
        #expect(totals.usage.input == 30)
    }
}
