import Gateway
import GatewayTesting
import Pricing
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Background hours of engines and models") struct BackgroundHoursTests {
    /// One hour from an hour after the clock's start.
    static func hours(_ clock: Instant, from start: Int64 = 3_600) -> PriceSchedule {
        let second = Int((clock.seconds + start) % 86_400)
        return PriceSchedule(
            name: "hours", utcOffsetSeconds: 0,
            rules: [.init(hours: [.init(start: second, end: (second + 3_600) % 86_400)])])
    }

    @Test("a batch waits for the hours, says so with the moment, and runs when they begin")
    func waits() async throws {
        let begin = ManualClock().now
        let opening = begin.advanced(by: .seconds(3_600))
        let desk = try await BatchDesk(backgroundHours: Self.hours(begin))
        #expect(desk.scheduler.snapshot.engines.map(\.heldUntil) == [opening])
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            await desk.log.waitFor("batch waits for its engines' background hours")
            let batch = try await desk.batch(id)
            #expect(desk.service.waitsFor(batch) == .backgroundHours(until: opening))
            #expect(desk.engine.requests.isEmpty)
            let said = try #require(desk.log.lines.first { $0.message.contains("batch waits") })
            #expect(said.metadata["until"] == opening.rfc3339 && said.metadata["batch.id"] == id.text)
            desk.clock.advance(by: .seconds(3_599))
            desk.scheduler.tick()
            #expect(desk.engine.requests.isEmpty)
            desk.clock.advance(by: .seconds(1))
            desk.scheduler.tick()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 3)
            #expect(desk.service.waitsFor(try await desk.batch(id)) == nil)
        }
        #expect(desk.log.count("background hours have begun") == 1)
    }

    @Test("the hours end again, and the engine is closed until the next day's")
    func ends() async throws {
        let begin = ManualClock().now
        let desk = try await BatchDesk(backgroundHours: Self.hours(begin, from: 0))
        #expect(desk.scheduler.snapshot.engines.map(\.heldUntil) == [nil])
        desk.clock.advance(by: .seconds(3_600))
        desk.scheduler.tick()
        #expect(desk.scheduler.snapshot.engines.map(\.heldUntil) == [begin.advanced(by: .seconds(86_400))])
        #expect(desk.log.count("batches wait for the engine's background hours") == 1)
        desk.scheduler.tick()
        #expect(desk.log.count("batches wait for the engine's background hours") == 1, "once for each edge")
    }

    @Test("a batch whose window ends before the hours begin does not wait for them")
    func promoted() async throws {
        let begin = ManualClock().now
        let late = PriceSchedule(
            name: "late", utcOffsetSeconds: 0,
            rules: [.init(validFrom: begin.advanced(by: .seconds(2 * 86_400)), hours: [.init(start: 0, end: 86_400)])])
        let desk = try await BatchDesk(backgroundHours: late)
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 2)
        }
        #expect(desk.scheduler.snapshot.statistics.promotions == 1)
        #expect(desk.log.count("batch waits for its engines' background hours") == 0)
        let said = desk.log.lines.filter { $0.message.contains("batch runs before its engines' background hours") }
        #expect(said.map { $0.metadata["deadline.load"] } == ["not known yet"])
    }

    @Test("an engine without hours is open at any time")
    func none() async throws {
        let desk = try await BatchDesk()
        #expect(desk.scheduler.snapshot.engines.map(\.heldUntil) == [nil])
        #expect(desk.log.count("background hours") == 0)
    }

    @Test("the model's own hours are the ones that its batches wait for and tell")
    func ofModel() async throws {
        let begin = ManualClock().now
        let opening = begin.advanced(by: .seconds(7_200))
        let desk = try await BatchDesk(
            backgroundHours: Self.hours(begin), modelHours: Self.hours(begin, from: 7_200))
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.log.waitFor("batch waits for its engines' background hours")
            #expect(desk.service.waitsFor(try await desk.batch(id)) == .backgroundHours(until: opening))
            desk.clock.advance(by: .seconds(3_700))
            desk.scheduler.tick()
            #expect(desk.engine.requests.isEmpty, "the engine's hours are not the model's")
            desk.clock.advance(by: .seconds(3_500))
            desk.scheduler.tick()
            #expect(await desk.exit() == .ended)
        }
        let said = try #require(desk.log.lines.first { $0.message.contains("wait for the model's background hours") })
        #expect(said.metadata["model"] == "m" && said.metadata["until"] == opening.rfc3339)
    }

    @Test("an engine that is learnt of late gets no lines before its models' hours")
    func lateEngine() throws {
        let clock = ManualClock()
        let hours = Self.hours(clock.now)
        let engines = try ["e1", "e2"].map { id in
            Engine(
                id: EngineID(id), url: try EngineURL("http://127.0.0.1:1"), kind: .vllm, stream: .asAsked,
                concurrency: 2)
        }
        let targets = engines.map { EngineTarget(engine: $0.id, engineModel: "m") }
        let directory = EngineDirectory(
            table: try RoutingTable(engines: [engines[0]], aliases: ["m": [targets[0]]]))
        let scheduler = WorkScheduler(
            directory: directory, clock: clock, logger: CapturedLog().logger,
            backgroundHours: { place, _ in place.model == nil ? nil : hours })
        let lines = FakeLines(scheduler)
        scheduler.takeLines(from: lines)
        for model in ["m", "late"] {
            scheduler.send(
                .offer(
                    BatchOffer(
                        batch: BatchID("batch_\(model)"), project: "proj_a", pool: PoolID(model),
                        deadline: clock.now.advanced(by: .seconds(86_400)), linesLeft: 1, promptTokens: 10,
                        outputTokens: 10)))
        }
        directory.replace(try RoutingTable(engines: engines, aliases: ["m": targets, "late": [targets[1]]]))
        #expect(lines.started.isEmpty)
        clock.advance(by: .seconds(3_600))
        scheduler.tick()
        #expect(lines.started.count == 2)
    }

    @Test("a model that is open at any hour does not wait for its engine's hours")
    func openModel() async throws {
        let begin = ManualClock().now
        let always = PriceSchedule(
            name: "always", utcOffsetSeconds: 0, rules: [.init(hours: [.init(start: 0, end: 86_400)])])
        let desk = try await BatchDesk(backgroundHours: Self.hours(begin), modelHours: always)
        try await desk.running {
            _ = try await desk.submit(lines: 2)
            #expect(await desk.exit() == .ended)
        }
        #expect(desk.scheduler.snapshot.statistics.promotions == 0)
    }
}
