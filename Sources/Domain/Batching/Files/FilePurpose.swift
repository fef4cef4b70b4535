/// What a file is for, with OpenAI's names. The last three are made by the service and cannot be uploaded.
public enum FilePurpose: String, Hashable, Sendable, CaseIterable {
    case assistants
    case batch
    case fineTune = "fine-tune"
    case vision
    case userData = "user_data"
    case evals
    case assistantsOutput = "assistants_output"
    case batchOutput = "batch_output"
    case fineTuneResults = "fine-tune-results"

    /// True for purposes that `POST /v1/files` takes.
    public var canBeUploaded: Bool {
        switch self {
        case .assistants, .batch, .fineTune, .vision, .userData, .evals: true
        case .assistantsOutput, .batchOutput, .fineTuneResults: false
        }
    }

    /// True for purposes that `POST /v1/uploads` takes.
    public var canBeUploadedInParts: Bool {
        switch self {
        case .assistants, .batch, .fineTune, .vision: true
        case .userData, .evals, .assistantsOutput, .batchOutput, .fineTuneResults: false
        }
    }

    /// True when the content can be fetched again. OpenAI's service refuses `assistants`, `user_data` and `vision`; for
    /// `evals` nothing is known and the careful answer is chosen.
    public var canBeDownloaded: Bool {
        switch self {
        case .batch, .batchOutput, .fineTune, .fineTuneResults, .assistantsOutput: true
        case .assistants, .userData, .vision, .evals: false
        }
    }
}
