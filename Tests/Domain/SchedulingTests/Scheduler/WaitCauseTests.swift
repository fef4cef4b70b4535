import Quantities
import Scheduling
import Testing

/// What a request is told that gets no place when it comes.
@Suite struct WaitCauseTests {
    static func cause(_ harness: Harness, _ lane: Lane, key: UInt64 = 900) -> WaitCause? {
        harness.scheduler.outlook(of: Harness.request(key, lane))?.cause
    }

    @Test("background work has reached its limit although the engine has places")
    func backgroundLimit() {
        var harness = Harness(engines: [Harness.engine("one", 64, protection: .balanced)])
        for key in 1...4 {
            #expect(Self.cause(harness, .flex) == nil, "it is sent")
            harness.arrive(UInt64(key), .flex)
        }
        let outlook = harness.scheduler.outlook(of: Harness.request(900, .flex))
        #expect(outlook?.cause == .backgroundLimit && outlook?.ahead == 0)
        #expect(Self.cause(harness, .standard) == nil)
        #expect(harness.standing.backgroundLimit == 4 && harness.standing.limit == 64)
    }

    @Test("the engine is full, for flex when only the places are left that are kept free of it")
    func places() {
        var harness = Harness(engines: [Harness.engine("one", 16)])
        for key in 1...15 { harness.arrive(UInt64(key), .standard) }
        #expect(Self.cause(harness, .flex) == .places)
        #expect(Self.cause(harness, .standard) == nil)
        harness.arrive(16, .standard)
        #expect(Self.cause(harness, .standard) == .places)
        harness.arrive(17, .standard)
        #expect(Self.cause(harness, .priority) == .places)
    }

    @Test("the engine refuses work until a time that it told, or refuses background work until one is served")
    func refusing() {
        var harness = Harness(engines: [Harness.engine("one", 8)])
        harness.arrive(1)
        harness.send(.failed(WorkKey(1), .full(retryAfter: .seconds(20))))
        #expect(Self.cause(harness, .standard) == .enginesRefuse(until: Instant(seconds: 20)))
        #expect(Self.cause(harness, .flex)?.until == Instant(seconds: 20))
        harness.pass(21)
        #expect(Self.cause(harness, .standard) == nil)

        var other = Harness(engines: [Harness.engine("one", 8)])
        for key in 1...8 { other.arrive(UInt64(key), .flex) }
        for key in 1...8 { other.send(.failed(WorkKey(UInt64(key)), .full(retryAfter: nil))) }
        #expect(Self.cause(other, .flex) == .enginesRefuse(until: nil))
        #expect(Self.cause(other, .standard) == nil)
    }

    @Test("no engine of the model can be used; another one that can be is used")
    func away() {
        var harness = Harness(engines: [Harness.engine("one", 8), Harness.engine("two", 8)])
        harness.send(.available("one", false))
        #expect(Self.cause(harness, .flex) == nil)
        harness.send(.available("two", false))
        #expect(Self.cause(harness, .flex) == .enginesAway && Self.cause(harness, .standard) == .enginesAway)
    }

    @Test("who waits only for those before it, or for hours, is told no other cause")
    func others() {
        var harness = HeldFlexTests.closed()
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(3_600))))
        let held = harness.scheduler.outlook(of: Harness.request(2, .flex, patience: .seconds(3_600)))
        #expect(held?.heldUntil == HeldFlexTests.opening && held?.cause == nil)
    }
}
