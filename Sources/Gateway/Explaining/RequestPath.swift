public import Quantities
import Routing
public import Scheduling

/// What happened to a request, and when.
public struct RequestStep: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case arrived, dispatched, preempted, failed, ended
        case firstToken = "first_token"
        case fellBack = "fell_back"
    }

    public let kind: Kind
    let after: Elapsed
    /// Where it went (an engine, a tier), why (a kind of failure, an outcome), or who took its place.
    public let text: String

    /// Since the request came.
    public var time: Duration { self.after.duration }
}

/// The way of one request so far, in few bytes: every request in flight and thousands that have ended keep one.
///
/// The usual way (arrived, sent, answered) stands in fields, so that it costs no allocation; what came before the last
/// dispatch when there was more than one stands in a list.
public struct RequestPath: Hashable, Sendable {
    /// Attempts, preemptions and fallbacks are bounded, so that this is rarely met; later steps are dropped.
    static let earlierMax = 32

    public let arrivedAt: Instant
    /// The tier it came with.
    public let tier: TierName
    private(set) var engine: EngineID?
    public private(set) var outlook: Outlook?
    private var queued = Elapsed.unset
    private var sent = Elapsed.unset
    private var first = Elapsed.unset
    private var end = Elapsed.unset
    private var waitedTenths: UInt32 = 0
    private var earlier: [RequestStep] = []
    /// nil while it waits or runs.
    public private(set) var outcome: String?

    public init(tier: TierName, arrivedAt: Instant) {
        self.tier = tier
        self.arrivedAt = arrivedAt
    }

    /// All the time that it waited for a place so far, pauses between two attempts included.
    func waited(at now: Instant) -> Duration {
        var path = self
        if !self.sent.isSet { path.wait(until: now) }
        return Elapsed(tenths: path.waitedTenths).duration
    }

    /// All the time that it waited for a place before it had one, or ended.
    var waitedSeconds: Double { Double(self.waitedTenths) / 10_000 }

    /// It runs, in contrast to waiting, while it has not ended.
    public var isAtEngine: Bool { self.sent.isSet && self.outcome == nil }

    private func elapsed(_ now: Instant) -> Elapsed { Elapsed(from: self.arrivedAt, to: now) }

    /// It asks for a place. Who has lost one, or failed at an engine, has waited since then.
    mutating func queued(_ now: Instant) { if !self.queued.isSet { self.queued = self.elapsed(now) } }

    /// What it found when it came; later waits do not change that.
    mutating func found(_ outlook: Outlook) { if self.outlook == nil { self.outlook = outlook } }

    mutating func dispatched(to engine: EngineID, _ now: Instant) {
        self.wait(until: now)
        self.engine = engine
        self.sent = self.elapsed(now)
    }

    private mutating func wait(until now: Instant) {
        let now = self.elapsed(now)
        if self.queued.isSet, now.tenths > self.queued.tenths {
            self.waitedTenths = self.waitedTenths.addingReportingOverflow(now.tenths - self.queued.tenths).partialValue
        }
        self.queued = .unset
    }

    mutating func began(_ now: Instant) { if !self.first.isSet { self.first = self.elapsed(now) } }

    /// - Parameter by: whose request took the place; nil: another project's.
    mutating func preempted(by: RequestID?, _ now: Instant) { self.turned(.preempted, by?.text ?? "", now) }
    mutating func failed(_ reason: String, _ now: Instant) { self.turned(.failed, reason, now) }
    /// The answer broke off after the client had its beginning: nothing follows but the end.
    mutating func broke(_ reason: String, _ now: Instant) {
        self.turned(.failed, reason, now)
        self.queued = .unset
    }

    mutating func fellBack(to tier: TierName, _ now: Instant) {
        self.wait(until: now)
        self.turned(.fellBack, tier.text, now)
    }

    /// The attempt under way becomes an earlier one; the request waits again.
    private mutating func turned(_ kind: RequestStep.Kind, _ text: String, _ now: Instant) {
        let step = RequestStep(kind: kind, after: self.elapsed(now), text: text)
        if self.repeats(step) {
            self.earlier[self.earlier.count - 1] = step
            self.restart(now)
            return
        }
        let steps = self.attempt + [step]
        if self.earlier.count + steps.count <= Self.earlierMax { self.earlier += steps }
        self.restart(now)
    }

    private mutating func restart(_ now: Instant) {
        self.sent = .unset
        self.first = .unset
        self.queued = self.elapsed(now)
    }

    /// A long run of the same refusal is one step, so that a line that is put off all day keeps its beginning and its
    /// end.
    private func repeats(_ step: RequestStep) -> Bool {
        guard step.kind == .failed, self.earlier.count >= Self.earlierMax / 4, let last = self.earlier.last,
            last.kind == .failed, last.text == step.text
        else { return false }
        return self.earlier.last { $0.kind == .dispatched }?.text == self.engine?.text
    }

    mutating func ended(_ outcome: String, _ now: Instant) {
        if !self.sent.isSet { self.wait(until: now) }
        self.outcome = outcome
        self.end = self.elapsed(now)
    }

    private var attempt: [RequestStep] {
        guard self.sent.isSet else { return [] }
        let sent = RequestStep(kind: .dispatched, after: self.sent, text: self.engine?.text ?? "")
        return self.first.isSet ? [sent, RequestStep(kind: .firstToken, after: self.first, text: "")] : [sent]
    }

    /// In order.
    public var steps: [RequestStep] {
        let arrived = RequestStep(kind: .arrived, after: Elapsed(tenths: 0), text: self.tier.text)
        let steps = [arrived] + self.earlier + self.attempt
        guard let outcome = self.outcome else { return steps }
        return steps + [RequestStep(kind: .ended, after: self.end, text: outcome)]
    }
}

/// Time since a request came, in tenths of a millisecond; up to 119 hours.
struct Elapsed: Hashable, Sendable {
    let tenths: UInt32

    static let unset = Elapsed(tenths: .max)
    var isSet: Bool { self != .unset }

    init(tenths: UInt32) { self.tenths = tenths }

    init(from start: Instant, to now: Instant) {
        self.tenths = UInt32(clamping: min(max(0, now.nanoseconds - start.nanoseconds) / 100_000, 0xFFFF_FFFE))
    }

    var duration: Duration { .microseconds(Int64(self.tenths) * 100) }
}

extension EngineFailure {
    /// The kind, and the status where there was one.
    var reason: String { self.status.map { "\(self.label) (status \($0))" } ?? self.label }
}
