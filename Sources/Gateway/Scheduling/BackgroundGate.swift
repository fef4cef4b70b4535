import Logging
import Pricing
import Quantities
import Scheduling
import Synchronization

/// Opens and closes engines for background work by the hours of the week.
///
/// Batches wait outside the hours; the scheduler promotes those that could not end in time, and these run at any hour.
final class BackgroundGate: Sendable {
    /// A schedule without a start in sight is looked at again after this time.
    static let lookAhead: Duration = .seconds(86_400)

    private let hours: @Sendable (EngineID, Instant) -> PriceSchedule?
    private let logger: Logger
    /// Engines that are closed, and until when.
    private let closed = Mutex<[EngineID: Instant]>([:])

    init(hours: @escaping @Sendable (EngineID, Instant) -> PriceSchedule?, logger: Logger) {
        self.hours = hours
        self.logger = logger
    }

    /// When background work may begin; nil: now.
    static func opening(_ schedule: PriceSchedule, after now: Instant) -> Instant? {
        if schedule.contains(now) { return nil }
        return schedule.nextStart(after: now) ?? now.advanced(by: Self.lookAhead)
    }

    /// What the scheduler is to be told.
    ///
    /// - Parameter isFirst: also of engines whose gate is as it was, because the scheduler may not have known them.
    func events(_ engines: [EngineID], now: Instant, isFirst: Bool) -> [SchedulerEvent] {
        var events: [SchedulerEvent] = []
        for engine in engines {
            guard let schedule = self.hours(engine, now) else { continue }
            let until = Self.opening(schedule, after: now)
            let before = self.closed.withLock { closed in
                defer { closed[engine] = until }
                return closed[engine]
            }
            if isFirst || until != before { events.append(.held(engine, until: until)) }
            if until == before { continue }
            if let until {
                self.logger.info(
                    "batches wait for the engine's background hours",
                    metadata: ["engine": "\(engine)", "until": "\(until.rfc3339)"])
            } else {
                self.logger.info("the engine's background hours have begun", metadata: ["engine": "\(engine)"])
            }
        }
        return events
    }
}
