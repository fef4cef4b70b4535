/// Refusals around files, uploads and batches (openai-api 1.3, 2, 3).
extension ErrorBody {
    public static func noSuchFile(_ id: String) -> ErrorBody {
        ErrorBody(status: 404, message: "No such File object: \(id)", param: "id")
    }

    public static func noBatch(_ id: String) -> ErrorBody {
        ErrorBody(status: 404, message: "No batch found with id '\(id)'.")
    }

    /// Of Ebb's own `/ebb/requests`.
    public static func noRequest(_ id: String) -> ErrorBody {
        ErrorBody(status: 404, message: "No request found with id '\(id)'.", param: "id")
    }

    /// Of Ebb's own `/ebb/batches/{id}/line`.
    public static func noLine(_ customID: String, batch: String) -> ErrorBody {
        ErrorBody(
            status: 404, message: "Batch '\(batch)' has no line with custom_id '\(customID)'.", param: "custom_id")
    }

    /// The same, of a batch whose lines do not run yet or any more.
    public static func linesDoNotRun(status: String) -> ErrorBody {
        ErrorBody(status: 409, message: "The lines of a batch with status '\(status)' do not run.")
    }

    public static func noUpload(_ id: String) -> ErrorBody {
        ErrorBody(status: 404, message: "No upload found with id '\(id)'.")
    }

    /// Final: the caller adds `x-should-retry: false`, since SDKs retry a 409 (openai-api 1.7).
    public static func cannotCancel(status: String) -> ErrorBody {
        ErrorBody(status: 409, message: "Cannot cancel a batch with status '\(status)'.")
    }
}
