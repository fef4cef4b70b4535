import Batching
import Quantities
import Testing

private typealias Machine = BatchStateMachine

private let start = Instant(seconds: 1_770_000_000)

private func at(_ seconds: Int64) -> Instant { Instant(seconds: 1_770_000_000 + seconds) }

private let badLine = LineError(code: .invalidJSONLine, message: "This line is not parseable as valid JSON.", line: 3)

/// A machine brought to a status, with two lines of which none has an outcome unless the status needs it.
private func machine(in status: BatchStatus, grace: Duration = .zero) -> Machine {
    var machine = Machine(created: start, window: .day, drainGrace: grace)
    func send(_ events: Machine.Event...) {
        for event in events { _ = machine.handle(event, now: at(10)) }
    }
    if status == .validating { return machine }
    if status == .failed {
        send(.validationFailed([badLine]))
        return machine
    }
    send(.validated(lineCount: 2, model: "m"))
    switch status {
    case .finalizing: send(.lineFinished(.succeeded), .lineFinished(.succeeded))
    case .completed: send(.lineFinished(.succeeded), .lineFinished(.succeeded), .finalized)
    case .expired:
        _ = machine.handle(.windowPassed, now: at(86_400))
        _ = machine.handle(.inflightDrained, now: at(86_400))
        _ = machine.handle(.finalized, now: at(86_401))
    case .cancelling: send(.cancelRequested)
    case .cancelled: send(.cancelRequested, .inflightDrained, .finalized)
    case .validating, .failed, .inProgress: break
    }
    return machine
}

@Suite("The life of a batch") struct BatchStateMachineTests {
    @Test("a new batch validates, expires one window after its creation, and has counts 0/0/0") func created() {
        let machine = Machine(created: start, window: .day)
        #expect(machine.status == .validating)
        #expect(machine.record.times.expires.seconds == start.seconds + 86_400)
        #expect(machine.record.counts == BatchCounts())
    }

    @Test("the helper of these tests reaches every status", arguments: BatchStatus.allCases)
    func reachesEveryStatus(_ status: BatchStatus) {
        #expect(machine(in: status).status == status)
        #expect(machine(in: status).record.times[status] != nil)
    }

    @Test("a batch runs from validation to completion and sets every time on the way") func completes() {
        var machine = Machine(created: start, window: .day)
        #expect(machine.handle(.restarted, now: at(0)) == [.startValidation])
        #expect(
            machine.handle(.validated(lineCount: 3, model: "m-1"), now: at(2)) == [
                .startDispatch, .wake(at: at(86_400)),
            ])
        #expect(machine.status == .inProgress)
        #expect(machine.record.model == "m-1")
        #expect(machine.handle(.lineFinished(.succeeded), now: at(3)) == [])
        #expect(machine.handle(.lineFinished(.failed(.status(400))), now: at(4)) == [])
        #expect(machine.handle(.lineFinished(.succeeded), now: at(5)) == [.stopDispatch, .finalize(.completed)])
        #expect(machine.status == .finalizing)
        #expect(machine.handle(.finalized, now: at(6)) == [.announce(.completed)])
        #expect(machine.record.counts == BatchCounts(total: 3, completed: 2, failed: 1))
        let times = machine.record.times
        #expect(times.inProgress == at(2))
        #expect(times.finalizing == at(5))
        #expect(times.completed == at(6))
        #expect(times.expired == nil && times.cancelling == nil && times.failed == nil)
    }

    @Test("a batch of which every line failed is completed, not failed") func allLinesFail() {
        var machine = Machine(created: start, window: .day)
        _ = machine.handle(.validated(lineCount: 2, model: "m"), now: at(1))
        _ = machine.handle(.lineFinished(.failed(.status(400))), now: at(2))
        _ = machine.handle(.lineFinished(.failed(.exhausted(.timeout))), now: at(3))
        #expect(machine.handle(.finalized, now: at(4)) == [.announce(.completed)])
        #expect(machine.record.counts == BatchCounts(total: 2, completed: 0, failed: 2))
    }

    @Test("a bad file fails the batch with its errors and counts 0/0/0") func validationFails() {
        var machine = Machine(created: start, window: .day)
        #expect(machine.handle(.validationFailed([badLine]), now: at(1)) == [.announce(.failed)])
        #expect(machine.record.errors == [badLine])
        #expect(machine.record.counts == BatchCounts())
        #expect(machine.record.times.failed == at(1))
        #expect(machine.record.times.finalizing == nil)
    }

    @Test("cancelling while validating ends without lines, whatever validation says later")
    func cancelledWhileValidating() {
        var machine = Machine(created: start, window: .day)
        #expect(machine.handle(.cancelRequested, now: at(1)) == [.stopValidation])
        #expect(machine.status == .cancelling)
        #expect(machine.handle(.validated(lineCount: 5, model: "m"), now: at(2)) == [])
        #expect(machine.handle(.validationFailed([badLine]), now: at(2)) == [])
        #expect(machine.handle(.inflightDrained, now: at(3)) == [.finalize(.cancelled)])
        #expect(machine.handle(.finalized, now: at(4)) == [.announce(.cancelled)])
        #expect(machine.record.counts == BatchCounts())
        #expect(machine.record.errors.isEmpty)
    }

    @Test("a batch at its cost limit is cancelled with the reason, also after a restart") func costLimit() throws {
        var machine = Machine(created: start, window: .day)
        _ = machine.handle(.validated(lineCount: 8, model: "m"), now: at(1))
        _ = machine.handle(.lineFinished(.succeeded), now: at(2))
        #expect(machine.handle(.costLimitReached, now: at(3)) == [.stopDispatch, .abortInFlight])
        #expect(machine.status == .cancelling)
        #expect(machine.record.errors.map(\.code) == [.costLimitReached])
        var restarted = try Machine(restoring: machine.record)
        #expect(restarted.handle(.restarted, now: at(4)) == [.finalize(.cancelled)])
        #expect(restarted.handle(.finalized, now: at(5)) == [.announce(.cancelled)])
        #expect(restarted.record.errors.map(\.code) == [.costLimitReached])
        #expect(restarted.record.counts == BatchCounts(total: 8, completed: 1, failed: 0))
    }

    @Test(
        "a cost limit stops a batch that runs, no other",
        arguments: BatchStatus.allCases.filter { $0 != .inProgress })
    func lateCostLimit(_ status: BatchStatus) {
        var machine = machine(in: status)
        let record = machine.record
        #expect(machine.handle(.costLimitReached, now: at(90_000)) == [])
        #expect(machine.record == record)
    }

    @Test("a cancelled batch counts what finished and leaves the rest out of failed") func cancelled() {
        var machine = Machine(created: start, window: .day, drainGrace: .seconds(60))
        _ = machine.handle(.validated(lineCount: 8, model: "m"), now: at(1))
        _ = machine.handle(.lineFinished(.succeeded), now: at(2))
        #expect(machine.handle(.cancelRequested, now: at(3)) == [.stopDispatch, .wake(at: at(63))])
        #expect(machine.handle(.lineFinished(.succeeded), now: at(4)) == [])
        #expect(machine.handle(.graceEnded, now: at(40)) == [.wake(at: at(63))])
        #expect(machine.handle(.graceEnded, now: at(63)) == [.abortInFlight])
        #expect(machine.handle(.inflightDrained, now: at(64)) == [.finalize(.cancelled)])
        #expect(machine.handle(.lineFinished(.succeeded), now: at(65)) == [.refuse(.lateLine)])
        #expect(machine.handle(.finalized, now: at(66)) == [.announce(.cancelled)])
        #expect(machine.record.counts == BatchCounts(total: 8, completed: 2, failed: 0))
        #expect(machine.record.counts.remaining == 6)
        #expect(machine.record.times.cancelling == at(3))
        #expect(machine.record.times.cancelled == at(66))
        #expect(machine.record.times.finalizing == nil)
    }

    @Test("without grace a cancel aborts what is in flight at once") func cancelWithoutGrace() {
        var machine = machine(in: .inProgress)
        #expect(machine.handle(.cancelRequested, now: at(11)) == [.stopDispatch, .abortInFlight])
    }

    @Test("a cancel is answered by status", arguments: BatchStatus.allCases)
    func cancelByStatus(_ status: BatchStatus) {
        var machine = machine(in: status)
        let before = machine.record
        let actions = machine.handle(.cancelRequested, now: at(90_000))
        switch status {
        case .validating, .inProgress:
            #expect(machine.status == .cancelling)
        case .cancelling, .cancelled:
            #expect(actions == [] && machine.record == before)
        case .finalizing, .completed, .failed, .expired:
            #expect(actions == [.refuse(.conflict(status))] && machine.record == before)
        }
    }

    @Test("the end of the window expires the lines that never ran") func expires() {
        var machine = Machine(created: start, window: .day)
        _ = machine.handle(.validated(lineCount: 4, model: "m"), now: at(1))
        _ = machine.handle(.lineFinished(.succeeded), now: at(2))
        #expect(machine.handle(.windowPassed, now: at(86_399)) == [.wake(at: at(86_400))])
        #expect(machine.handle(.windowPassed, now: at(86_400)) == [.stopDispatch, .abortInFlight])
        #expect(machine.status == .finalizing)
        #expect(machine.handle(.finalized, now: at(86_401)) == [], "not before the lines in flight are gone")
        #expect(machine.handle(.lineFinished(.succeeded), now: at(86_402)) == [])
        #expect(machine.handle(.inflightDrained, now: at(86_403)) == [.finalize(.expired)])
        #expect(machine.handle(.finalized, now: at(86_404)) == [.announce(.expired)])
        #expect(machine.record.counts == BatchCounts(total: 4, completed: 2, failed: 0))
        #expect(machine.record.times.finalizing == at(86_400))
        #expect(machine.record.times.expired == at(86_404))
    }

    @Test("when the last lines finish within the grace after the window, the batch is completed") func lateButComplete()
    {
        var machine = Machine(created: start, window: .day, drainGrace: .seconds(600))
        _ = machine.handle(.validated(lineCount: 1, model: "m"), now: at(1))
        _ = machine.handle(.windowPassed, now: at(86_400))
        #expect(machine.handle(.lineFinished(.succeeded), now: at(86_410)) == [.finalize(.completed)])
        #expect(machine.handle(.inflightDrained, now: at(86_411)) == [])
        #expect(machine.handle(.finalized, now: at(86_412)) == [.announce(.completed)])
    }

    @Test("a file that is validated after the window expires all its lines") func validatedTooLate() {
        var machine = Machine(created: start, window: .day)
        #expect(machine.handle(.windowPassed, now: at(86_400)) == [])
        #expect(machine.handle(.validated(lineCount: 9, model: "m"), now: at(86_500)) == [.finalize(.expired)])
        #expect(machine.handle(.finalized, now: at(86_501)) == [.announce(.expired)])
        #expect(machine.record.counts == BatchCounts(total: 9))
        #expect(machine.record.times.inProgress == nil)
    }

    @Test("the end of the window leaves a cancel its grace") func windowLeavesGrace() {
        var machine = Machine(created: start, window: .day, drainGrace: .seconds(600))
        _ = machine.handle(.validated(lineCount: 2, model: "m"), now: at(1))
        _ = machine.handle(.cancelRequested, now: at(86_300))
        #expect(machine.handle(.windowPassed, now: at(86_400)) == [])
        #expect(machine.handle(.graceEnded, now: at(86_400)) == [.wake(at: at(86_900))])
        #expect(machine.handle(.graceEnded, now: at(86_900)) == [.abortInFlight])
        #expect(machine.status == .cancelling)
    }

    @Test("a batch without lines completes at once") func noLines() {
        var machine = Machine(created: start, window: .day)
        #expect(machine.handle(.validated(lineCount: 0, model: nil), now: at(1)) == [.finalize(.completed)])
        #expect(machine.handle(.finalized, now: at(2)) == [.announce(.completed)])
    }

    @Test("a clock that steps back does not put times out of order") func clockStepsBack() {
        var machine = machine(in: .inProgress)
        _ = machine.handle(.cancelRequested, now: at(-500))
        #expect(machine.record.times.cancelling == at(10))
    }

    @Test("the grace is at most ten minutes and never negative") func graceIsBounded() {
        #expect(Machine(created: start, window: .day, drainGrace: .seconds(3_600)).drainGrace == .seconds(600))
        #expect(Machine(created: start, window: .day, drainGrace: .seconds(-1)).drainGrace == .zero)
    }
}

@Suite("A batch after a restart") struct BatchRestartTests {
    private func restored(_ status: BatchStatus, _ edit: (inout BatchRecord) -> Void = { _ in }) throws -> Machine {
        var record = machine(in: status).record
        edit(&record)
        return try Machine(restoring: record)
    }

    @Test("each status takes up its work where it was") func takesUpWork() throws {
        let expectations: [(BatchStatus, [Machine.Action])] = [
            (.validating, [.startValidation]),
            (.inProgress, [.startDispatch, .wake(at: at(86_400))]),
            (.finalizing, [.finalize(.completed)]),
            (.cancelling, [.finalize(.cancelled)]),
            (.completed, []), (.failed, []), (.expired, []), (.cancelled, []),
        ]
        for (status, actions) in expectations {
            var machine = try restored(status)
            #expect(machine.handle(.restarted, now: at(100)) == actions, "\(status)")
        }
    }

    @Test("a batch whose window ended while the process was down expires") func expiredWhileDown() throws {
        var machine = try restored(.inProgress)
        #expect(machine.handle(.restarted, now: at(100_000)) == [.finalize(.expired)])
        #expect(machine.handle(.finalized, now: at(100_001)) == [.announce(.expired)])
    }

    @Test("a crash between the last line and its transition is healed") func crashBeforeTransition() throws {
        var machine = try restored(.inProgress) { $0.counts.completed = 2 }
        #expect(machine.handle(.restarted, now: at(100)) == [.finalize(.completed)])
    }

    @Test("an interrupted expiry stays an expiry") func interruptedExpiry() throws {
        var machine = try restored(.finalizing) { $0.counts.completed = 1 }
        #expect(machine.handle(.restarted, now: at(86_500)) == [.finalize(.expired)])
    }

    @Test("an impossible record is refused with the rule that it breaks") func impossibleRecords() {
        let edits: [(BatchStatus, (inout BatchRecord) -> Void)] = [
            (.inProgress, { $0.counts.completed = 3 }),
            (.inProgress, { $0.counts.failed = -1 }),
            (.inProgress, { $0.times.inProgress = nil }),
            (.inProgress, { $0.times.inProgress = at(-5) }),
            (.inProgress, { $0.times.completed = at(20) }),
            (.completed, { $0.counts.completed = 1 }),
            (.failed, { $0.errors = [] }),
            (.completed, { $0.errors = [badLine] }),
            (.validating, { $0.counts.total = 3 }),
            (.cancelled, { $0.times.finalizing = at(11) }),
        ]
        for (index, (status, edit)) in edits.enumerated() {
            #expect(throws: BatchRecordError.self, "edit \(index)") { try restored(status, edit) }
        }
    }
}
