import Quantities
import Routing
import Scheduling

/// Asks own engines once a second how busy they are, and tells the scheduler.
///
/// What cannot be had is not told: the scheduler then goes by its own counts and the times of first tokens, never by
/// "full" (scheduling.md 4).
public struct EngineWatch: Sendable {
    static let interval: Duration = .seconds(1)
    /// An engine that does not answer is asked less often.
    static let pauseMax: Duration = .seconds(30)

    private let scheduler: WorkScheduler
    private let client: any EngineClient
    private let clock: any GatewayClock

    public init(scheduler: WorkScheduler, client: any EngineClient, clock: any GatewayClock) {
        self.scheduler = scheduler
        self.client = client
        self.clock = clock
    }

    /// Runs until the task is cancelled.
    public func run() async {
        var pauses: [EngineID: (pause: Duration, until: Instant)] = [:]
        while (try? await self.clock.sleep(for: Self.interval)) != nil {
            let now = self.clock.now
            let engines = self.scheduler.directory.table.engines.values.filter {
                EngineLoadText.tells($0.kind) && pauses[$0.id].map { $0.until <= now } ?? true
            }
            await withTaskGroup(of: (EngineID, Bool).self) { group in
                for engine in engines { group.addTask { (engine.id, await self.ask(engine)) } }
                for await (engine, hasTold) in group {
                    if hasTold {
                        pauses[engine] = nil
                    } else {
                        let pause = min(Self.pauseMax, (pauses[engine]?.pause ?? Self.interval) * 2)
                        pauses[engine] = (pause, now.advanced(by: pause))
                    }
                }
            }
        }
    }

    /// - Returns: whether the engine told.
    func ask(_ engine: Engine) async -> Bool {
        let asked = self.clock.now
        let fetch = EngineFetch(engine: engine, path: engine.url.rootPath + "/metrics", timeout: .seconds(2))
        guard let answer = try? await self.client.fetch(fetch), answer.status == 200,
            let load = EngineLoadText.read(answer.body, kind: engine.kind)
        else { return false }
        self.scheduler.send(
            .sample(engine.id, EngineSample(waiting: load.waiting, running: load.running, at: asked)))
        return true
    }
}
