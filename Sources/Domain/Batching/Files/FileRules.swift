public import Quantities

/// The rules of `/v1/files`: purposes, expiry, names, sizes, and what is looked at when a batch input file arrives.
public struct FileRules: Hashable, Sendable {
    /// Bytes of one file (OpenAI: 512 MB). A larger one is refused with 413.
    public let fileBytesMax: Int64
    /// Bytes of one batch input file (OpenAI: 200 MB = 209,715,200).
    public let batchFileBytesMax: Int64

    /// What `expires_after[seconds]` may be: 1 hour ... 30 days.
    public static let expirySeconds: ClosedRange<Int64> = 3_600...2_592_000
    /// Batch input and output files live 30 days unless told otherwise; other files live until they are deleted.
    public static let batchExpiry: Duration = .seconds(2_592_000)
    /// Longest kept file name in bytes of UTF-8.
    public static let nameBytesMax = 255
    /// The name of a file that came without one.
    public static let nameDefault = "upload"

    public init(fileBytesMax: Int64 = 512 << 20, batchFileBytesMax: Int64 = 209_715_200) {
        precondition(fileBytesMax > 0 && batchFileBytesMax > 0, "limits are positive")
        self.fileBytesMax = fileBytesMax
        self.batchFileBytesMax = batchFileBytesMax
    }

    /// The most bytes that a file of this purpose may have.
    public func bytesMax(_ purpose: FilePurpose) -> Int64 {
        purpose == .batch ? min(self.fileBytesMax, self.batchFileBytesMax) : self.fileBytesMax
    }

    /// Reads the purpose of an upload; `inParts` for `/v1/uploads`.
    public static func purpose(_ text: String?, inParts: Bool = false) throws(FileRefusal) -> FilePurpose {
        guard let text, !text.isEmpty else { throw .missingPurpose }
        let accepted = FilePurpose.allCases.filter { inParts ? $0.canBeUploadedInParts : $0.canBeUploaded }
        guard let purpose = FilePurpose(rawValue: text), accepted.contains(purpose) else {
            throw .unknownPurpose(text, accepted: accepted)
        }
        return purpose
    }

    /// When a file expires, or nil when it lives until it is deleted. `seconds` and `anchor` are the request's
    /// `expires_after`; seconds without an anchor are taken as counted from the creation.
    public static func expiry(
        of purpose: FilePurpose, created: Instant, seconds: Int64?, anchor: String? = "created_at"
    ) throws(FileRefusal) -> Instant? {
        if let anchor, anchor != "created_at" { throw .invalidExpiryAnchor(anchor) }
        if let seconds {
            guard Self.expirySeconds.contains(seconds) else { throw .invalidExpirySeconds(seconds) }
            return created.advanced(by: .seconds(seconds))
        }
        switch purpose {
        case .batch, .batchOutput: return created.advanced(by: Self.batchExpiry)
        case .assistants, .fineTune, .vision, .userData, .evals, .assistantsOutput, .fineTuneResults: return nil
        }
    }

    /// Checks a file when its last byte has arrived. `facts` are those of a batch input file, nil for other purposes.
    ///
    /// Only an empty file and a first line that is not a JSON object are refused here; later bad lines are accepted and
    /// fail the batch, as OpenAI does. The name's ending does not matter: real clients send others.
    public func check(_ purpose: FilePurpose, bytes: Int64, facts: FileFacts?) throws(FileRefusal) {
        if bytes > self.bytesMax(purpose) { throw .fileTooLarge(bytes: bytes, max: self.bytesMax(purpose)) }
        guard purpose == .batch else { return }
        guard let facts, facts.lineCount > 0, facts.firstLineIsJSON else { throw .notJSONL }
    }

    /// Refuses the content of files that can only be put in.
    public static func checkDownload(_ purpose: FilePurpose) throws(FileRefusal) {
        if !purpose.canBeDownloaded { throw .notDownloadable(purpose) }
    }

    /// The name as it is kept: the last part of a path, without control characters, at most 255 bytes, cut before its
    /// ending, which stays.
    public static func name(_ raw: String?) -> String {
        let last = (raw ?? "").unicodeScalars.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? [][...]
        var scalars = String.UnicodeScalarView()
        for scalar in last where scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) {
            scalars.append(scalar)
        }
        let name = String(scalars)
        if name.isEmpty || name == "." || name == ".." { return Self.nameDefault }
        if name.utf8.count <= Self.nameBytesMax { return name }
        var ending = ""
        if let dot = name.lastIndex(of: "."), name[dot...].utf8.count <= 16 { ending = String(name[dot...]) }
        var kept = ""
        var bytes = ending.utf8.count
        for scalar in name.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > Self.nameBytesMax { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept + ending
    }

    /// The name of a batch's output file.
    public static func outputName(_ batch: BatchID) -> String { "\(batch.text)_output.jsonl" }

    /// The name of a batch's error file.
    public static func errorName(_ batch: BatchID) -> String { "\(batch.text)_error.jsonl" }
}
