import Logging
import Pricing
public import Quantities
import Routing
import Scheduling

/// What background hours are for: an engine, or one model there.
public struct BackgroundPlace: Hashable, Sendable {
    public let engine: EngineID
    /// As clients call it; nil: all models without hours of their own.
    public let model: String?

    public init(_ engine: EngineID, model: String? = nil) {
        self.engine = engine
        self.model = model
    }

    fileprivate func held(until: Instant?) -> SchedulerEvent {
        self.model.map { .heldModel(PoolID($0), self.engine, until: until) } ?? .held(self.engine, until: until)
    }

    fileprivate var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["engine": "\(self.engine)"]
        if let model { metadata["model"] = "\(model)" }
        return metadata
    }
}

/// Opens and closes engines for background work by the hours of the week.
///
/// Batches wait outside the hours; the scheduler promotes those that could not end in time, and these run at any hour.
struct BackgroundGate: Sendable {
    /// A schedule without a start in sight is looked at again after this time.
    static let lookAhead: Duration = .seconds(86_400)

    private let hours: @Sendable (BackgroundPlace, Instant) -> PriceSchedule?
    /// Places that are closed, and until when.
    private var closed: [BackgroundPlace: Instant] = [:]

    init(hours: @escaping @Sendable (BackgroundPlace, Instant) -> PriceSchedule?) { self.hours = hours }

    /// A place that has opened or closed.
    struct Change {
        let place: BackgroundPlace
        /// nil: it is open.
        let until: Instant?

        func log(to logger: Logger) {
            let whose = self.place.model == nil ? "engine" : "model"
            var metadata = self.place.metadata
            if let until {
                metadata["until"] = "\(until.rfc3339)"
                logger.info("batches wait for the \(whose)'s background hours", metadata: metadata)
            } else {
                logger.info("the \(whose)'s background hours have begun", metadata: metadata)
            }
        }
    }

    /// When background work may begin; nil: now.
    ///
    /// - Parameter known: what was said last; it holds while it lies ahead and no start is in sight.
    private static func opening(_ schedule: PriceSchedule, after now: Instant, known: Instant?) -> Instant? {
        if schedule.contains(now) { return nil }
        if let start = schedule.nextStart(after: now) { return start }
        if let known, known > now { return known }
        return now.advanced(by: Self.lookAhead)
    }

    /// What the scheduler is to be told.
    ///
    /// - Parameters:
    ///   - isFirst: also of places whose gate is as it was, because the scheduler may not have known them.
    ///   - changes: what has opened or closed since the last call is appended.
    mutating func events(
        _ table: RoutingTable, now: Instant, isFirst: Bool, changes: inout [Change]
    ) -> [SchedulerEvent] {
        var events: [SchedulerEvent] = []
        for place in Self.places(table) {
            guard let schedule = self.hours(place, now) else { continue }
            let before = self.closed[place]
            let until = Self.opening(schedule, after: now, known: before)
            self.closed[place] = until
            if isFirst || until != before { events.append(place.held(until: until)) }
            if until != before { changes.append(Change(place: place, until: until)) }
        }
        return events
    }

    private static func places(_ table: RoutingTable) -> [BackgroundPlace] {
        var places = table.engines.keys.sorted().map { BackgroundPlace($0) }
        for model in table.modelNames {
            for target in table.targets(for: model) ?? [] { places.append(.init(target.engine, model: model)) }
        }
        return places
    }
}
