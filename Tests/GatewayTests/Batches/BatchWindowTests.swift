import Gateway
import GatewayTesting
import Ledger
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Completion windows beside 24h") struct BatchWindowTests {
    @Test("a window that has no price for a model which has others is refused, and nothing runs")
    func unpriced() async throws {
        let desk = try await BatchDesk()
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body], window: "2h")
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect((batch.status, batch.errors.count) == ("failed", 1))
            let error = try #require(batch.errors.first)
            #expect(error.code == "unpriced_model" && error.param == "completion_window")
            #expect(error.message == "The model 'm' has no price for the completion window '2h'.")
        }
        #expect(desk.engine.requests.isEmpty)
    }

    @Test("a window without a price is refused also while no engine is known")
    func unpricedWithoutEngines() async throws {
        let desk = try await BatchDesk()
        desk.directory.replace(.empty)
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body], window: "2h")
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).errors.map(\.code) == ["unpriced_model"])
        }
    }

    @Test("a window is for the models that the operator names", arguments: [["m", "other"], ["other"]])
    func models(_ models: Set<String>) async throws {
        var settings = TierSettings()
        for index in settings.rows.indices where settings.rows[index].tier.name == "2h" {
            settings.rows[index].tier.models = models
        }
        let desk = try await BatchDesk(tiersPricedAs: ["2h": .batch], tiers: settings)
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body], window: "2h")
            #expect(await desk.exit() == .ended)
            let errors = try await desk.batch(id).errors
            #expect(errors.map(\.code) == (models.contains("m") ? [] : ["model_not_offered"]))
            #expect(errors.allSatisfy { $0.param == "completion_window" })
        }
        #expect(desk.engine.requests.isEmpty == !models.contains("m"))
    }

    @Test("a clock that is set forward ends a window a minute late at most", .timeLimit(.minutes(1)))
    func clockSetForward() async throws {
        let desk = try await BatchDesk([.hanging(then: .answer(CompletionDesk.answer))], tiersPricedAs: ["2h": .batch])
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body], window: "2h")
            await desk.engine.waitForRequests(1)
            await desk.timers.waitForTimers(1)
            #expect(desk.timers.durations == [.seconds(60)])
            desk.timers.fire()
            await desk.timers.waitForTimers(1)
            #expect(desk.timers.durations == [.seconds(60)], "the window has not ended")
            desk.clock.advance(by: .seconds(7_200))
            desk.timers.fire()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).status == "expired")
        }
    }

    @Test("a window that is charged as another tier runs, is due in its time, and costs what that tier costs")
    func priced() async throws {
        let desk = try await BatchDesk(tiersPricedAs: ["2h": .batch])
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body], window: "2h")
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines, batch.tier) == ("completed", 1, "2h"))
            #expect(batch.expiresAt.since(batch.createdAt) == .seconds(7_200))
        }
        #expect(desk.store.allCharges.map(\.amount) == [BatchDesk.charge])
        #expect(desk.store.allCharges.map(\.servedTier) == ["2h"])
    }
}
