import Quantities
import Scheduling
import Testing

@Suite struct BackgroundControllerTests {
    static func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    /// An engine whose steps take 20 ms and one more for each sequence; what B settles at.
    static func settle(
        _ protection: Protection, interactive: Int = 5, room: Double = 100, seconds: Int = 120
    ) -> BackgroundController {
        var controller = BackgroundController(protection, now: Self.at(0))
        for half in 1...seconds * 2 {
            let background = min(controller.places, Int(room))
            let sequences = interactive + background
            for _ in 0..<8 { controller.observe(gap: .milliseconds(20 + sequences), sequences: sequences) }
            controller.tick(
                BackgroundController.Mixture(
                    interactive: interactive, background: background, backgroundInFlight: background,
                    isShared: interactive > 0, room: room),
                now: Self.at(Double(half) / 2))
        }
        return controller
    }

    @Test("settles where the gap is the target times the gap without background work")
    func target() {
        // Alone 25 ms; 1.4 times that are 35 ms, which ten more sequences make.
        #expect((8...12).contains(Self.settle(.gapRatio(1.4)).places))
        // Twice: 25 more.
        #expect((22...28).contains(Self.settle(.gapRatio(2)).places))
    }

    @Test("another protection goes on from what was learnt, unless one of the two does not steer")
    func protectionChanged() {
        var controller = Self.settle(.gapRatio(1.4))
        let places = controller.places
        controller.protect(.gapRatio(1.1))
        #expect(controller.places == places)
        controller.protect(.fixed(4))
        #expect(controller.places == 4)
        controller.protect(.fixed(30))
        controller.protect(.balanced)
        #expect(controller.limit == BackgroundController.start)
    }

    @Test("a bolder profile gives more places")
    func profiles() {
        let places = [Protection.protect, .balanced, .throughput].map { Self.settle($0).places }
        #expect(places == places.sorted())
        #expect(places[0] < places[2])
    }

    @Test("an objective holds the gap at its value")
    func objective() {
        let places = Self.settle(.objective(firstToken: .seconds(1), gap: .milliseconds(40))).places
        #expect((13...17).contains(places))
    }

    @Test("a slow first token lowers the limit whatever the gap is")
    func slowFirstToken() {
        var controller = Self.settle(.objective(firstToken: .seconds(1), gap: .milliseconds(40)))
        let before = controller.limit
        controller.observe(firstToken: 5, sequences: 20, now: Self.at(500))
        controller.tick(
            BackgroundController.Mixture(
                interactive: 5, background: 15, backgroundInFlight: 15, isShared: true, room: 100), now: Self.at(500))
        #expect(controller.limit == before - BackgroundController.stepMax)
    }

    /// An engine whose steps take 20 ms and one more for each sequence, and five requests a second of which one in
    /// `every` waits for 30 steps and the others for 10; what B settles at.
    static func settle(slowEvery every: Int, firstToken: Duration, seconds: Int = 600) -> BackgroundController {
        var controller = BackgroundController(.objective(firstToken: firstToken, gap: .seconds(1)), now: Self.at(0))
        for tenth in 1...seconds * 10 {
            let now = Self.at(Double(tenth) / 10)
            let sequences = 5 + min(controller.places, 100)
            let step = Double(20 + sequences) / 1_000
            controller.observe(gap: .seconds(step), sequences: sequences)
            if tenth % 2 == 0 {
                let steps = tenth / 2 % every == 0 ? 30.0 : 10
                controller.observe(firstToken: steps * step, sequences: sequences, now: now)
            }
            controller.tick(
                BackgroundController.Mixture(
                    interactive: 5, background: sequences - 5, backgroundInFlight: sequences - 5, isShared: true,
                    room: 100), now: now)
        }
        return controller
    }

    @Test("99 of 100 requests hold the time to the first token, and no more than that is asked for")
    func ninetyNinth() {
        // One in 50 is slow: 30 steps are to take 1.44 s, so a step 48 ms, which 23 more sequences make.
        #expect((22...24).contains(Self.settle(slowEvery: 50, firstToken: .milliseconds(1_500)).places))
        // One in 200 is slow, which is allowed: 10 steps of 150 ms would hold, so all the room is used.
        #expect(Self.settle(slowEvery: 200, firstToken: .milliseconds(1_500)).places == 100)
    }

    @Test("what slow answers take between tokens bounds it, too")
    func answers() {
        var controller = Self.settle(.objective(firstToken: .seconds(1), gap: .milliseconds(40)))
        let before = controller.limit
        // One answer of gaps half as long again as its steps.
        controller.observe(answerGap: 0.06, sequences: 20, now: Self.at(500))
        controller.tick(
            BackgroundController.Mixture(
                interactive: 5, background: 15, backgroundInFlight: 15, isShared: true, room: 100), now: Self.at(500))
        #expect(controller.limit < before - 1)
    }

    @Test("where nobody is, it does not grow beyond what would hold for who comes")
    func idleObjective() {
        var controller = Self.settle(
            .objective(firstToken: .seconds(1), gap: .milliseconds(40)), interactive: 0, seconds: 300)
        #expect((17...20).contains(controller.places))
        controller.protect(.throughput)
        #expect((17...20).contains(controller.places))
    }

    @Test("no limit and a fixed one do not move")
    func constant() {
        #expect(Self.settle(.fixed(7)).places == 7)
        #expect(Self.settle(.none).places > 1_000)
    }

    @Test("without interactive work it fills the room within two seconds, from what it had")
    func idle() {
        let controller = Self.settle(.throughput, interactive: 0, room: 60, seconds: 4)
        #expect(controller.places == 60)
    }

    @Test(
        "a careful profile has half of the engine at most, a bold one three quarters beside others; not on a small one")
    func shares() {
        func places(_ protection: Protection, limit: Double, isShared: Bool) -> Int {
            var controller = BackgroundController(protection, now: Self.at(0))
            for half in 1...200 {
                controller.tick(
                    BackgroundController.Mixture(
                        interactive: isShared ? 1 : 0, background: 0, backgroundInFlight: controller.places,
                        isShared: isShared, room: limit - 4, limit: limit), now: Self.at(Double(half) / 2))
            }
            return controller.places
        }
        #expect(places(.protect, limit: 64, isShared: false) == 32)
        #expect(places(.balanced, limit: 64, isShared: false) == 60)
        #expect(places(.throughput, limit: 64, isShared: false) == 60)
        #expect(places(.throughput, limit: 64, isShared: true) == 48)
        #expect(places(.protect, limit: 12, isShared: false) == 8)
    }

    @Test("never below one and never above the room")
    func bounds() {
        #expect(Self.settle(.objective(firstToken: .seconds(1), gap: .milliseconds(1))).limit == 1)
        #expect(Self.settle(.gapRatio(50), room: 30).places == 30)
    }

    @Test("a limit that is not used does not grow while it is shared")
    func unused() {
        var controller = BackgroundController(.balanced, now: Self.at(0))
        for half in 1...100 {
            controller.observe(gap: .milliseconds(20), sequences: 2)
            controller.tick(
                BackgroundController.Mixture(
                    interactive: 2, background: 0, backgroundInFlight: 0, isShared: true, room: 60),
                now: Self.at(Double(half) / 2))
        }
        #expect(controller.limit == BackgroundController.start)
    }

    @Test("pressing deadlines multiply it")
    func urgency() {
        var controller = Self.settle(.fixed(10))
        controller.urgency = 1.5
        #expect(controller.places == 15)
    }

    @Test("the gap at any mixture is learnt from different mixtures")
    func gapModel() throws {
        var model = GapModel()
        #expect(model.gap(at: 3) == nil)
        for number in 0..<2_000 {
            let sequences = Double(number % 40)
            model.observe(gap: 0.028 + 0.0003 * sequences, sequences: sequences)
        }
        let alone = try #require(model.gap(at: 1))
        #expect(abs(alone - 0.0283) < 0.0001)
        #expect(abs(try #require(model.gap(at: 60)) - 0.046) < 0.0002)
    }

    @Test("one mixture alone teaches no slope")
    func oneMixture() {
        var model = GapModel()
        for _ in 0..<100 { model.observe(gap: 0.03, sequences: 20) }
        #expect(model.each == 0)
        #expect(abs((model.gap(at: 1) ?? 0) - 0.03) < 1e-9)
    }
}
