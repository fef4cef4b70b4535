public import Quantities

/// An upload's status as clients see it.
public enum UploadStatus: String, Hashable, Sendable, CaseIterable {
    case pending
    case completed
    case cancelled
    case expired
}

/// A part that has arrived.
public struct UploadPart: Hashable, Sendable {
    public let id: UploadPartID
    public let bytes: Int64

    public init(id: UploadPartID, bytes: Int64) {
        self.id = id
        self.bytes = bytes
    }
}

/// The limits of multi-part uploads.
public struct UploadLimits: Hashable, Sendable {
    /// Bytes of one part (OpenAI: 64 MB).
    public var partBytesMax: Int64
    /// Bytes of a whole upload: OpenAI allows 8 GB, but the file that it becomes obeys the limit of files.
    public var bytesMax: Int64
    /// Parts of one upload, including repeated ones.
    public var partsMax: Int

    public static let bytesMaxOpenAI: Int64 = 8 << 30
    /// How long an upload may stay pending.
    public static let lifetime: Duration = .seconds(3_600)

    public init(partBytesMax: Int64 = 64 << 20, bytesMax: Int64 = 512 << 20, partsMax: Int = 1_000) {
        precondition(partBytesMax > 0 && bytesMax > 0 && partsMax > 0, "limits are positive")
        self.partBytesMax = partBytesMax
        self.bytesMax = min(bytesMax, Self.bytesMaxOpenAI)
        self.partsMax = partsMax
    }
}

/// Decides what happens to a multi-part upload. The bytes of the parts lie elsewhere.
///
/// ```
///  pending ──complete──> pending, assembling ──assembled──> completed
///     ▲ │ │                     │
///     │ │ └──1 h passed──> expired   (never while assembling)
///     │ └──cancel──> cancelled  │
///     └─────── digest differs, assembly failed, restart
/// ```
public struct UploadStateMachine: Hashable, Sendable {
    public let created: Instant
    /// Creation plus one hour.
    public let expires: Instant
    /// The size announced at creation.
    public let bytes: Int64
    public let limits: UploadLimits
    public private(set) var status: UploadStatus = .pending
    public private(set) var isAssembling = false
    /// All parts received, in order of arrival.
    public private(set) var parts: [UploadPart] = []
    public private(set) var file: FileID?
    /// The md5 that the client asked to compare, in lower case, while assembling.
    private var expectedDigest: String?

    /// A new upload of `bytes` bytes.
    public init(created: Instant, bytes: Int64, limits: UploadLimits = UploadLimits()) throws(FileRefusal) {
        guard bytes > 0 else { throw .invalidBytes(bytes) }
        guard bytes <= limits.bytesMax else { throw .fileTooLarge(bytes: bytes, max: limits.bytesMax) }
        self.created = created
        self.expires = created.advanced(by: UploadLimits.lifetime)
        self.bytes = bytes
        self.limits = limits
    }

    /// An upload read from the store. An assembly that a restart cut short is forgotten: the client completes again.
    public init(
        restoring status: UploadStatus, created: Instant, bytes: Int64, parts: [UploadPart], file: FileID?,
        limits: UploadLimits = UploadLimits()
    ) {
        precondition((status == .completed) == (file != nil), "a completed upload has a file")
        self.created = created
        self.expires = created.advanced(by: UploadLimits.lifetime)
        self.bytes = bytes
        self.limits = limits
        self.status = status
        self.parts = parts
        self.file = file
    }

    /// Bytes of all parts received.
    public var receivedBytes: Int64 { self.parts.reduce(0) { $0 + $1.bytes } }

    /// The most bytes that may lie around for this upload: twice its size, since clients repeat parts, and one part.
    public var receivedBytesMax: Int64 { self.bytes * 2 + self.limits.partBytesMax }

    /// Takes a stored part. On a refusal the caller deletes the part's bytes.
    public mutating func partArrived(_ part: UploadPart, now: Instant) throws(UploadRefusal) {
        try self.requirePending(now)
        guard part.bytes > 0 else { throw .emptyPart }
        guard part.bytes <= self.limits.partBytesMax else {
            throw .partTooLarge(bytes: part.bytes, max: self.limits.partBytesMax)
        }
        guard self.parts.count < self.limits.partsMax else { throw .tooManyParts(max: self.limits.partsMax) }
        guard self.receivedBytes + part.bytes <= self.receivedBytesMax else {
            throw .tooManyBytes(max: self.receivedBytesMax)
        }
        guard !self.parts.contains(where: { $0.id == part.id }) else { throw .repeatedPart(part.id.text) }
        self.parts.append(part)
    }

    /// Begins the completion: returns the parts to join, in the client's order. Parts that are not named are dropped.
    public mutating func complete(
        _ ids: [UploadPartID], md5: String? = nil, now: Instant
    ) throws(UploadRefusal) -> [UploadPart] {
        try self.requirePending(now)
        var received: [UploadPartID: UploadPart] = [:]
        for part in self.parts { received[part.id] = part }
        var chosen: [UploadPart] = []
        var named: Set<UploadPartID> = []
        for id in ids {
            guard let part = received[id] else { throw .unknownPart(id.text) }
            guard named.insert(id).inserted else { throw .repeatedPart(id.text) }
            chosen.append(part)
        }
        let total = chosen.reduce(0) { $0 + $1.bytes }
        guard total == self.bytes else { throw .wrongTotal(bytes: total, expected: self.bytes) }
        self.isAssembling = true
        self.expectedDigest = md5.map { $0.lowercased() }
        return chosen
    }

    /// The parts are joined to `file`, whose md5 in hex is `md5` (nil when nobody asked for it). On a refusal the
    /// caller deletes the file, and the upload is pending again.
    public mutating func assembled(_ file: FileID, md5: String?) throws(UploadRefusal) {
        precondition(self.isAssembling, "an assembly ends after it began")
        self.isAssembling = false
        let expected = self.expectedDigest
        self.expectedDigest = nil
        if let expected, expected != md5?.lowercased() { throw .wrongDigest }
        self.status = .completed
        self.file = file
    }

    /// Cancels; the caller deletes all parts. Cancelling again changes nothing.
    public mutating func cancel(now: Instant) throws(UploadRefusal) {
        if self.status == .cancelled { return }
        try self.requirePending(now)
        self.status = .cancelled
    }

    /// Looks at the clock: true when the upload has just expired and the caller deletes all parts.
    public mutating func expireIfDue(now: Instant) -> Bool {
        guard self.status == .pending, !self.isAssembling, now >= self.expires else { return false }
        self.status = .expired
        return true
    }

    private mutating func requirePending(_ now: Instant) throws(UploadRefusal) {
        _ = self.expireIfDue(now: now)
        guard self.status == .pending else { throw .notPending(self.status) }
        guard !self.isAssembling else { throw .busy }
    }
}
