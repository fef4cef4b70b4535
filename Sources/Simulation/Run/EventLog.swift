public import Quantities
public import Scheduling

/// What a scheduler was told, and what it said: enough to run it again (I13).
public struct EventLog: Sendable {
    public struct Entry: Hashable, Sendable {
        public let event: SchedulerEvent
        public let at: Instant
    }

    public private(set) var entries: [Entry] = []
    public private(set) var actions: [SchedulerAction] = []

    mutating func note(_ event: SchedulerEvent, at instant: Instant, _ said: ArraySlice<SchedulerAction>) {
        self.entries.append(Entry(event: event, at: instant))
        self.actions += said
    }

    /// What a new scheduler says to the same events.
    public func replayed() -> [SchedulerAction] {
        guard let first = self.entries.first else { return [] }
        var scheduler = Scheduler(now: first.at)
        var said: [SchedulerAction] = []
        for entry in self.entries { scheduler.handle(entry.event, now: entry.at, into: &said) }
        return said
    }

    /// One number for a list of actions, the same in every process (FNV-1a).
    public static func hash(_ actions: [SchedulerAction]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for action in actions {
            for byte in String(describing: action).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return hash
    }
}
