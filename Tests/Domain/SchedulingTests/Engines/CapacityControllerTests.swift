import Quantities
import Scheduling
import Testing

@Suite struct CapacityControllerTests {
    static func profile(_ limit: Int, fixed: Bool = false) -> EngineProfile {
        EngineProfile(id: "one", limitStart: limit, limitMax: 256, isFixed: fixed)
    }

    static func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    /// A second after the other with the same state of the engine.
    static func run(
        _ controller: inout CapacityController, seconds: ClosedRange<Int>, waiting: Int, running: Int,
        inFlight: Int? = nil
    ) {
        for second in seconds {
            let now = Self.at(Double(second))
            controller.observe(EngineSample(waiting: waiting, running: running, at: now))
            controller.tick(inFlight: inFlight ?? Int(controller.limit), now: now)
        }
    }

    @Test("falls while requests wait in the engine, not below what it works on")
    func falls() {
        var controller = CapacityController(Self.profile(64), now: Self.at(0))
        Self.run(&controller, seconds: 1...3, waiting: 10, running: 32)
        #expect(controller.source == .waiting)
        #expect(controller.limit < 60)
        Self.run(&controller, seconds: 4...60, waiting: 10, running: 32)
        #expect(controller.limit == 32)
    }

    @Test("one sample with a waiting request is no crowd")
    func once() {
        var controller = CapacityController(Self.profile(32), now: Self.at(0))
        Self.run(&controller, seconds: 1...1, waiting: 3, running: 32)
        Self.run(&controller, seconds: 2...2, waiting: 0, running: 20, inFlight: 20)
        #expect(controller.limit == 32)
    }

    @Test("grows while all places are used and nothing waits, and only then")
    func grows() {
        var controller = CapacityController(Self.profile(32), now: Self.at(0))
        Self.run(&controller, seconds: 1...5, waiting: 0, running: 20, inFlight: 20)
        #expect(controller.limit == 32)
        Self.run(&controller, seconds: 6...10, waiting: 0, running: 42)
        #expect(controller.limit == 42)
        // Above what it was full at before: one at a time. Below: at once.
        Self.run(&controller, seconds: 11...20, waiting: 5, running: 40)
        #expect(controller.limit == 40)
        controller.refused(retryAfter: nil, now: Self.at(20))
        Self.run(&controller, seconds: 21...30, waiting: 0, running: 40)
        #expect((40..<42).contains(controller.limit))
    }

    @Test("beyond a limit that was found it probes one at a time and seldom")
    func probes() {
        var controller = CapacityController(Self.profile(34), now: Self.at(0))
        Self.run(&controller, seconds: 1...10, waiting: 4, running: 32)
        #expect(controller.limit == 32)
        Self.run(&controller, seconds: 11...20, waiting: 0, running: 32)
        #expect(controller.limit <= 33)
    }

    @Test("a stale sample is not used, and never means full")
    func stale() {
        var controller = CapacityController(Self.profile(32), now: Self.at(0))
        controller.observe(EngineSample(waiting: 50, running: 32, at: Self.at(0)))
        for second in 6...30 { controller.tick(inFlight: 32, now: Self.at(Double(second))) }
        #expect(controller.source == .firstToken)
        #expect(controller.limit >= 32)
    }

    @Test("without metrics it follows first tokens against the least for their size")
    func blind() {
        var slow = CapacityController(Self.profile(32), now: Self.at(0))
        var quick = slow
        for number in 0..<40 {
            let now = Self.at(Double(number) / 10)
            slow.firstToken(after: number < 5 ? 0.1 : 0.9, promptTokens: 500, now: now)
            quick.firstToken(after: 0.1, promptTokens: 500, now: now)
            slow.tick(inFlight: 32, now: now)
            quick.tick(inFlight: 32, now: now)
        }
        #expect(slow.limit < 32)
        #expect(quick.limit > 32)
    }

    @Test("a refusal cuts once for each request's time, and its delay closes the engine")
    func refusals() {
        var controller = CapacityController(Self.profile(100), now: Self.at(0))
        controller.refused(retryAfter: .seconds(7), now: Self.at(10))
        controller.refused(retryAfter: nil, now: Self.at(10.1))
        #expect(Int(controller.limit) == 70)
        #expect(controller.closedUntil == Self.at(17))
        controller.tick(inFlight: 0, now: Self.at(18))
        #expect(controller.closedUntil == nil)
        controller.refused(retryAfter: .seconds(9_000), now: Self.at(20))
        #expect(controller.closedUntil == Self.at(80) && controller.backgroundClosedUntil == Self.at(3_620))
        #expect(Int(controller.limit) == 49)
    }

    @Test("never below one, and a fixed limit stays")
    func bounds() {
        var controller = CapacityController(Self.profile(2), now: Self.at(0))
        for second in 1...50 { controller.refused(retryAfter: nil, now: Self.at(Double(second * 10))) }
        #expect(controller.limit == 1)
        var fixed = CapacityController(Self.profile(16, fixed: true), now: Self.at(0))
        fixed.refused(retryAfter: nil, now: Self.at(1))
        Self.run(&fixed, seconds: 2...20, waiting: 9, running: 8)
        #expect(fixed.limit == 16 && fixed.source == .fixed)
    }

    @Test("buckets: prompts of different size are not compared, and old minima are forgotten")
    func buckets() {
        var buckets = FirstTokenBuckets()
        for number in 0..<4 {
            _ = buckets.observe(0.1, promptTokens: 200, now: Self.at(Double(number)))
            _ = buckets.observe(1, promptTokens: 8_000, now: Self.at(Double(number)))
        }
        let large = buckets.observe(1, promptTokens: 8_100, now: Self.at(5))
        #expect(large == 1)
        let ratio = buckets.observe(1, promptTokens: 210, now: Self.at(5)) ?? 0
        #expect(abs(ratio - 10) < 0.01)
        // Two periods later the engine is another one.
        _ = buckets.observe(1, promptTokens: 200, now: Self.at(400))
        _ = buckets.observe(1, promptTokens: 200, now: Self.at(800))
        let later = buckets.observe(1, promptTokens: 200, now: Self.at(801))
        #expect(later == 1)
    }

    @Test("a young bucket tells nothing")
    func young() {
        var buckets = FirstTokenBuckets()
        let ratios = [1.0, 9, 2].map { buckets.observe($0, promptTokens: 100, now: Self.at(0)) }
        #expect(ratios == [nil, nil, 2])
    }
}
