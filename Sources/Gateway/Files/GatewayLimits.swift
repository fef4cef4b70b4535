public import Batching

/// The named limits of the service; configuration may lower them, never raise them (openai-api 2.2, 3.10).
public struct GatewayLimits: Hashable, Sendable {
    public static let bodyBytesMax = 32 * 1_024 * 1_024
    public static let fileBytesMax: Int64 = 512 * 1_024 * 1_024
    public static let batchFileBytesMax: Int64 = 209_715_200
    public static let batchLinesMax = 50_000
    /// Parts of an upload are at most this large.
    public static let uploadPartBytesMax: Int64 = 64 * 1_024 * 1_024

    public var bodyBytes: Int
    public var fileBytes: Int64
    public var batchFileBytes: Int64
    public var batchLines: Int
    /// How long files are kept where the upload does not say; nil: until they are deleted.
    public var batchFilesKept: Duration? = FileRules.batchExpiry
    public var otherFilesKept: Duration?

    public init(
        bodyBytes: Int = Self.bodyBytesMax, fileBytes: Int64 = Self.fileBytesMax,
        batchFileBytes: Int64 = Self.batchFileBytesMax, batchLines: Int = Self.batchLinesMax
    ) {
        self.bodyBytes = min(max(bodyBytes, 1), Self.bodyBytesMax)
        self.fileBytes = min(max(fileBytes, 1), Self.fileBytesMax)
        self.batchFileBytes = min(max(batchFileBytes, 1), Self.batchFileBytesMax)
        self.batchLines = min(max(batchLines, 1), Self.batchLinesMax)
    }

    public var batch: BatchLimits {
        var limits = BatchLimits()
        limits.linesMax = self.batchLines
        limits.fileBytesMax = Int(self.batchFileBytes)
        return limits
    }
}
