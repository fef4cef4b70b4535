package import Quantities
package import Scheduling

/// A request that waits for its place at an engine; told what the scheduler decides.
///
/// Calls come without any lock held, from the thread that brought about the decision. A decision may be late: the work
/// may have ended meanwhile, and then ignores it.
package protocol ScheduledWork: AnyObject, Sendable {
    /// Its place is at this engine: send it now.
    func dispatched(to engine: EngineID, key: WorkKey)
    /// What it found when it came, where others wait before it.
    func found(_ outlook: Outlook)
    /// A more urgent request takes its place; it waits again under the same key.
    ///
    /// - Returns: false when it cannot go back, because it has ended or its client has begun to read.
    func preempted(key: WorkKey, by: WorkIdentity?) -> Bool
    /// It would wait longer than it wants to.
    func refused(key: WorkKey, retryAfter: Duration)
    /// None of its engines can be used: if it still waits, it leaves.
    func stranded(key: WorkKey)
    /// Keys or projects have changed: if it still waits and its key does not work any more, it leaves.
    func accessChanged(key: WorkKey)
    /// Output tokens so far.
    var outputTokens: Int { get }
    var identity: WorkIdentity { get }
    /// Its way so far.
    var trace: RequestTrace { get }
}

/// Which request something is, and whose.
package struct WorkIdentity: Hashable, Sendable {
    let request: RequestID
    let project: ProjectID

    package init(request: RequestID, project: ProjectID) {
        self.request = request
        self.project = project
    }

    /// Nobody hears another project's ids.
    func seen(by other: ProjectID) -> RequestID? { self.project == other ? self.request : nil }
}

/// The batches, which are asked for their lines.
package protocol LineSource: AnyObject, Sendable {
    /// The batch may send a line to this engine: answered with `lineStarted` or `nothingReady`, now or later.
    func place(of batch: BatchID, at engine: EngineID)
    /// A line has to make room: its attempt is cancelled and the line runs again.
    func preempted(line key: WorkKey, by: WorkIdentity?)
    /// An engine that was away may be asked: by one request, or by all once it has answered.
    func isBack(_ engine: EngineID)
    /// Tell how far the lines in flight are.
    func reportProgress()
}
