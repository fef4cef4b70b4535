import Batching
import Quantities
import Testing

@Suite("Random lives of batches") struct BatchRandomWalkTests {
    /// Checks after every event what must hold in any life of a batch.
    private struct Observer {
        var previous: BatchRecord
        var accepted = 0
        var announced: [BatchStatus] = []

        /// The first broken rule, or nil.
        mutating func saw(
            _ event: BatchStateMachine.Event, _ actions: [BatchStateMachine.Action], _ machine: BatchStateMachine
        ) -> String? {
            let (record, previous) = (machine.record, self.previous)
            self.previous = record
            machine.check()
            for case .announce(let status) in actions { self.announced.append(status) }
            if case .lineFinished = event, !actions.contains(.refuse(.lateLine)) { self.accepted += 1 }
            let counts = record.counts
            if counts.completed + counts.failed != self.accepted { return "accepted lines and counts differ" }
            if self.accepted > counts.total { return "more outcomes than lines" }
            if counts.completed < previous.counts.completed || counts.failed < previous.counts.failed {
                return "a count went down"
            }
            if previous.status.isTerminal, record != previous { return "an ended batch changed" }
            for status in BatchStatus.allCases {
                if let moment = previous.times[status], record.times[status] != moment { return "a time was rewritten" }
            }
            return nil
        }
    }

    private static func event(using random: inout SeededGenerator) -> BatchStateMachine.Event {
        switch Int.random(in: 0..<21, using: &random) {
        case 0, 1: .validated(lineCount: Int.random(in: 0...6, using: &random), model: "m")
        case 2: .validationFailed([LineError(code: .emptyFile, message: "empty")])
        case 3..<11: .lineFinished(.succeeded)
        case 11, 12: .lineFinished(.failed(.status(400)))
        case 13: .cancelRequested
        case 14, 15: .inflightDrained
        case 16: .windowPassed
        case 17: .graceEnded
        case 18: .finalized
        case 19: .costLimitReached
        default: .restarted
        }
    }

    @Test("random lives keep every invariant, also across restarts", arguments: [1, 2, 3] as [UInt64])
    func randomLives(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ends: [BatchStatus: Int] = [:]
        for life in 0..<1_500 {
            let grace: Duration = Bool.random(using: &random) ? .zero : .seconds(300)
            var now = Instant(seconds: 1_770_000_000)
            var machine = BatchStateMachine(created: now, window: try CompletionWindow("8h"), drainGrace: grace)
            var observer = Observer(previous: machine.record)
            for _ in 0..<40 {
                now = now.advanced(by: .seconds(Int64.random(in: -100...6_000, using: &random)))
                var event = Self.event(using: &random)
                if event == .restarted { machine = try BatchStateMachine(restoring: machine.record, drainGrace: grace) }
                if event == .inflightDrained, machine.status == .inProgress { event = .finalized }
                let accepts = machine.acceptsLines
                let actions = machine.handle(event, now: now)
                if case .lineFinished = event, accepts == actions.contains(.refuse(.lateLine)) {
                    Issue.record("seed \(seed), life \(life): acceptsLines and the refusal differ")
                }
                let broken = observer.saw(event, actions, machine)
                if let broken { Issue.record("seed \(seed), life \(life), event \(event): \(broken)") }
            }
            #expect(observer.announced.count == (machine.status.isTerminal ? 1 : 0))
            #expect(observer.announced.first == (machine.status.isTerminal ? machine.status : nil))
            ends[machine.status, default: 0] += 1
        }
        for status in BatchStatus.allCases where status.isTerminal { #expect(ends[status, default: 0] > 0) }
    }

    @Test("a fair driver brings every batch to an end") func liveness() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<500 {
            var now = Instant(seconds: 1_770_000_000)
            var machine = BatchStateMachine(created: now, window: .day, drainGrace: .seconds(60))
            var queue: [BatchStateMachine.Event] = [.restarted]
            for _ in 0..<Int.random(in: 0...30, using: &random) { queue.append(Self.event(using: &random)) }
            queue += [.validated(lineCount: 3, model: nil)]
            for event in queue {
                now = now.advanced(by: .seconds(1))
                _ = machine.handle(event, now: now)
            }
            now = now.advanced(by: .seconds(200_000))
            for event in [BatchStateMachine.Event.windowPassed, .graceEnded, .inflightDrained, .finalized] {
                _ = machine.handle(event, now: now)
            }
            #expect(machine.status.isTerminal)
        }
    }
}
