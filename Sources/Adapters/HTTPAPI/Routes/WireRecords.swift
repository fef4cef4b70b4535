import Gateway
import OpenAIWire
import Quantities

/// Stored records in the form that clients see.
extension FileRecord {
    var wire: FileObject {
        FileObject(
            id: self.id.text, bytes: self.bytes, createdAt: self.createdAt.seconds,
            expiresAt: self.expiresAt?.seconds, filename: self.filename, purpose: self.purpose)
    }
}

extension BatchRecord {
    var wire: BatchObject { self.wire(of: nil) }

    /// - Parameter running: knows what it waits for, and its prompts; nil where that is not told.
    func wire(of running: BatchService?) -> BatchObject {
        var at = BatchObject.Timestamps(created: self.createdAt.seconds, expires: self.expiresAt.seconds)
        at.inProgress = self.inProgressAt?.seconds
        at.finalizing = self.finalizingAt?.seconds
        at.completed = self.completedAt?.seconds
        at.failed = self.failedAt?.seconds
        at.expired = self.expiredAt?.seconds
        at.cancelling = self.cancellingAt?.seconds
        at.cancelled = self.cancelledAt?.seconds
        var object = BatchObject(
            id: self.id.text, endpoint: self.endpoint, completionWindow: self.window,
            inputFileID: self.inputFile.text, status: self.status, at: at)
        object.model = self.model
        object.errors = self.errors.map {
            BatchObject.InputError(code: $0.code, message: $0.message, param: $0.param, line: $0.line)
        }
        object.outputFileID = self.outputFile?.text
        object.errorFileID = self.errorFile?.text
        object.counts = BatchObject.RequestCounts(
            total: Int64(self.totalLines), completed: Int64(self.completedLines), failed: Int64(self.failedLines))
        object.usage = self.usage
        object.metadata = self.metadata.map { Metadata($0.map { Metadata.Pair($0.key, $0.value) }) }
        let waitsFor = running?.waitsFor(self)
        object.waitsFor = waitsFor?.name
        object.waitsUntil = waitsFor?.until?.seconds
        object.deadlineLoad = running?.deadlineLoad(of: self)
        object.promptTokens = running?.prompts(of: self)
        return object
    }
}

extension UploadRecord {
    func wire(file: FileRecord? = nil) -> UploadObject {
        UploadObject(
            id: self.id.text, bytes: self.bytes, createdAt: self.createdAt.seconds,
            expiresAt: self.expiresAt.seconds, filename: self.filename, purpose: self.purpose, status: self.status,
            file: file?.wire)
    }
}
