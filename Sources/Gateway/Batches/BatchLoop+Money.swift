import Batching
import Ledger
import Logging
import OpenAIWire
public import Quantities
import Routing

/// Money: what the cap of the batch and the one of its project leave for lines.
///
/// Decision 0009 says which line waits, which one is passed over and which one fails.
extension BatchLoop {
    /// Lines that are passed over at most. With this many at the project's cap the others wait, too.
    static let passedOverMax = 1_024

    /// What became of a line that was to be sent.
    enum Start {
        case sent
        /// The batch's own cap has no room.
        case capReached
        /// Holds of running work must come back first.
        case awaitsHolds
        /// It needs more than the project has left; the others go on.
        case passedOver
        /// No money that comes back would be enough, ever.
        case refused(ErrorBody)
    }

    /// A line is next, or will be.
    ///
    /// It changes nothing; but where it does not say so the loop, a large value, is copied for each call.
    var hasLine: Bool {
        mutating get {
            self.blocked != nil || !self.again.isEmpty
                || (self.passedOver.count < Self.passedOverMax && self.plan?.ledger.pendingCount ?? 0 > 0)
        }
    }

    /// Whether the line that is next still waits for money; asks to be told when it does not.
    mutating func isBlocked() -> Bool {
        guard let blocked = self.blocked else { return false }
        if !self.spending.fits(blocked.bound) {
            self.capReached()
            return true
        }
        guard let balance = self.context.holds.balance(self.batch.project), blocked.bound > balance.available,
            blocked.bound <= balance.unspent
        else {
            if !self.saysWait { self.board.waits(for: nil) }
            return false
        }
        self.awaitRoom(blocked.bound)
        // What holds the money may wait for hours itself.
        if self.isIdle { self.board.waits(for: .projectSpendLimit) }
        return true
    }

    /// The next line does not fit under the batch's cap: lines in flight may still leave room when they end.
    mutating func capReached() {
        guard self.isIdle else { return }
        switch self.context.atCostLimit {
        case .end: self.send(.costLimitReached)
        case .park: self.exit = .parkedAtCostLimit
        }
    }

    /// Reserves the most that the line may cost, against the batch's cap and the project's.
    mutating func hold(
        _ attempt: LineAttempt, of dispatch: BatchPlan.Dispatch, body: LineBody, now: Instant
    ) -> Start {
        let project = self.batch.project
        guard self.spending.cap != nil || self.context.holds.hasCap(project) else { return .sent }
        let bound = LineBound(pricer: self.context.pricer, tiers: attempt.tiers.possible, at: now)
            .most(body, target: attempt.target)
        let line = attempt.lease.line
        guard self.spending.hold(line, bound) else {
            self.blocked = BlockedLine(line: dispatch, bound: bound)
            return .capReached
        }
        guard case .refused(let balance) = self.context.holds.place(attempt.request, project: project, amount: bound)
        else { return .sent }
        self.spending.release(line)
        if bound <= balance.unspent {
            self.blocked = BlockedLine(line: dispatch, bound: bound)
            return .awaitsHolds
        }
        // A project that has nothing left is stopped, which says nothing about its lines.
        if bound > balance.cap, balance.unspent > .zero {
            return .refused(.projectSpendLimit(bound: CostBound.known(bound), left: balance.available))
        }
        self.passedOver.append(BlockedLine(line: dispatch, bound: bound))
        self.leastPassedOver = min(self.leastPassedOver ?? bound, bound)
        self.plan?.ended(lane: dispatch.lane, at: dispatch.engine)
        return .passedOver
    }

    func settle(_ attempt: LineAttempt, actual: Money) {
        self.context.holds.settle(attempt.request, project: self.batch.project, actual: actual)
    }

    /// Lines that were passed over are next, in their order, once the project's cap leaves enough for one of them.
    mutating func takeUpPassedOver() {
        guard let least = self.leastPassedOver else { return }
        if let balance = self.context.holds.balance(self.batch.project), least > balance.unspent { return }
        self.again = Array((self.again.reversed() + self.passedOver).reversed())
        self.passedOver = []
        self.leastPassedOver = nil
        guard self.saysWait else { return }
        self.saysWait = false
        self.board.waits(for: nil)
        self.context.logger.info("batch goes on: the spend limit has room", metadata: ["batch.id": "\(self.batch.id)"])
    }

    /// Nothing is left but lines for which the project has not enough money, whatever comes back: says so once.
    mutating func awaitCap() {
        guard let least = self.leastPassedOver else { return }
        self.awaitRoom(least)
        guard self.isIdle, !self.saysWait else { return }
        self.saysWait = true
        self.board.waits(for: .projectSpendLimit)
        let left = self.context.holds.balance(self.batch.project)?.unspent ?? .zero
        self.context.logger.warning(
            "batch waits for a higher spend limit of its project",
            metadata: [
                "batch.id": "\(self.batch.id)", "project": "\(self.batch.project)",
                "lines": "\(self.plan?.ledger.remainingCount ?? 0)", "next": "\(least)", "left": "\(left)",
            ])
    }

    private func awaitRoom(_ amount: Money) {
        self.context.holds.whenRoom(self.batch.id, project: self.batch.project, amount: amount) { [send] in
            send(.freed)
        }
    }
}

/// What keeps a running batch from going on.
public enum BatchWait: Hashable, Sendable {
    /// Its project's spend limit leaves too little for each line that has not run.
    case projectSpendLimit
    /// An engine refuses its lines for want of room.
    case engineCapacity
    /// No engine can be reached, or they refuse this gateway.
    case engineUnavailable
    /// The store cannot be written.
    case store
    /// None of its engines takes background work before this moment, and its deadline allows to wait.
    case backgroundHours(until: Instant)

    public var name: String {
        switch self {
        case .projectSpendLimit: "project_spend_limit"
        case .engineCapacity: "engine_capacity"
        case .engineUnavailable: "engine_unavailable"
        case .store: "store_unavailable"
        case .backgroundHours: "background_hours"
        }
    }

    /// When it ends by itself.
    public var until: Instant? {
        if case .backgroundHours(let until) = self { return until }
        return nil
    }
}

/// A line that waits for money.
struct BlockedLine {
    let line: BatchPlan.Dispatch
    /// The most it may cost.
    let bound: Money
}
