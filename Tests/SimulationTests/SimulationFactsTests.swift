import Pricing
import Quantities
import Scheduling
import Simulation
import Testing

/// What a report tells beyond times.
@Suite struct SimulationFactsTests {
    static let second: Int64 = 1_000_000_000

    /// A dollar for a million prompt tokens, two for the answers', half of it as a batch; flex has no price.
    static func book() throws -> PriceBook {
        let rates = [
            Meter.input: try Rate(Money(dollars: 1), per: 1_000_000),
            .output: try Rate(Money(dollars: 2), per: 1_000_000),
        ]
        let half = TierPrices(multiple: .init(by: try Ratio(1, over: 2)))
        return try PriceBook(
            version: "test",
            entries: [
                PriceEntry(provider: "house", models: ["m"], tiers: [.standard: TierPrices(rates), .batch: half])
            ])
    }

    @Test("each tier earns its own price, and what has none is counted, not summed")
    func earnings() throws {
        let trace = Trace([
            TraceRequest(arrival: 0, promptTokens: 1_000, outputTokens: 100),
            TraceRequest(arrival: 1, promptTokens: 1_000, outputTokens: 100, lane: .flex),
        ])
        let batch = SimulatedBatch(
            id: "batch_1", lines: [TraceRequest(arrival: 0, promptTokens: 2_000, outputTokens: 200)],
            deadline: 60 * Self.second)
        var setup = SimulationSetup(trace: trace, batches: [batch], duration: 30 * Self.second)
        setup.prices = SimulatedPrices(book: try Self.book(), model: "m", start: Instant(seconds: 0))
        var simulation = Simulation(setup)
        let earnings = simulation.run().earnings
        #expect(earnings[.standard]?.amount.decimalDollars == "0.0012")
        #expect(earnings[.batch]?.amount.decimalDollars == "0.0012")
        #expect(earnings[.flex]?.unpriced == 1)
        #expect(earnings[.flex]?.amount == .zero)
    }

    @Test("engines without a gateway share the requests, and more of them answer sooner")
    func spreads() throws {
        func slowest(_ engines: Int) throws -> Int64 {
            var setup = SimulationSetup(
                trace: SimulationTests.trace(perSecond: 3, seconds: 60), shape: .l4, engines: engines, policy: .alone)
            setup.duration = 60 * Self.second
            var simulation = Simulation(setup)
            return try #require(simulation.run()[.standard].firstToken.percentile(0.99))
        }
        #expect(try slowest(4) < slowest(1) / 2)
    }

    @Test("requests that are never answered are told with their wait")
    func unanswered() {
        var simulation = Simulation(
            SimulationSetup(
                trace: SimulationTests.trace(perSecond: 20, seconds: 60), shape: .desk, policy: .alone))
        let report = simulation.run()[.standard]
        #expect(report.open > 100)
        #expect(report.stillWaiting.count > 100)
        #expect(report.arrived == report.finished + report.refused + report.open)
    }

    @Test("what the engine had in its cache when it was recorded is not computed again")
    func recordedCache() {
        func work(_ cached: Int) -> Int64 {
            var trace = SimulationTests.trace(perSecond: 1, seconds: 30)
            for index in trace.requests.indices { trace.requests[index].cachedTokens = cached }
            var simulation = Simulation(SimulationSetup(trace: trace, policy: .alone))
            return simulation.run().work
        }
        #expect(work(500) < work(0))
    }
}
