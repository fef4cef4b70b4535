public import Quantities

/// The moments of a batch's life: a `…At` field is set exactly when the batch entered that status.
///
/// `expires` is known from the start: creation plus the completion window (OpenAI shows it on every batch).
public struct BatchTimes: Hashable, Sendable {
    public let created: Instant
    public let expires: Instant
    public var inProgress: Instant?
    public var finalizing: Instant?
    public var completed: Instant?
    public var failed: Instant?
    public var expired: Instant?
    public var cancelling: Instant?
    public var cancelled: Instant?

    public init(created: Instant, window: CompletionWindow) {
        self.init(created: created, expires: created.advanced(by: window.duration))
    }

    /// The times of a stored batch; the optional ones are set afterwards.
    public init(created: Instant, expires: Instant) {
        self.created = created
        self.expires = expires
    }

    /// When the batch entered `status`, or nil when it has not.
    public subscript(status: BatchStatus) -> Instant? {
        get {
            switch status {
            case .validating: self.created
            case .failed: self.failed
            case .inProgress: self.inProgress
            case .finalizing: self.finalizing
            case .completed: self.completed
            case .expired: self.expired
            case .cancelling: self.cancelling
            case .cancelled: self.cancelled
            }
        }
        set {
            switch status {
            case .validating: break
            case .failed: self.failed = newValue
            case .inProgress: self.inProgress = newValue
            case .finalizing: self.finalizing = newValue
            case .completed: self.completed = newValue
            case .expired: self.expired = newValue
            case .cancelling: self.cancelling = newValue
            case .cancelled: self.cancelled = newValue
            }
        }
    }

    /// The last moment at which something happened.
    public var latest: Instant {
        BatchStatus.allCases.reduce(self.created) { max($0, self[$1] ?? $0) }
    }

    /// True when every pair of statuses that were both entered was entered in the order of the diagram.
    var isOrdered: Bool {
        // Looked at after each line, so no lists are made.
        Self.paths.allSatisfy { path in
            var last = self.created
            for status in path {
                guard let moment = self[status] else { continue }
                if moment < last { return false }
                last = moment
            }
            return true
        }
    }

    /// From the creation to each end.
    private static let paths: [[BatchStatus]] = [
        [.failed],
        [.inProgress, .finalizing, .completed],
        [.inProgress, .finalizing, .expired],
        [.inProgress, .cancelling, .cancelled],
    ]
}
