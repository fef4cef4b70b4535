public import Quantities

/// A batch as the API shows it, every timestamp present, null when not reached (openai-api 3.3).
///
/// Times are Unix seconds.
public struct BatchObject: WireObject, Hashable {
    public struct RequestCounts: Hashable, Sendable {
        public var total: Int64
        public var completed: Int64
        public var failed: Int64

        public init(total: Int64 = 0, completed: Int64 = 0, failed: Int64 = 0) {
            self.total = total
            self.completed = completed
            self.failed = failed
        }
    }

    /// Why the input file was refused, at one line or as a whole.
    public struct InputError: Hashable, Sendable {
        public var code: String
        public var message: String
        public var param: String?
        /// 1-based line of the input file.
        public var line: Int64?

        public init(code: String, message: String, param: String? = nil, line: Int64? = nil) {
            self.code = code
            self.message = message
            self.param = param
            self.line = line
        }
    }

    public struct Timestamps: Hashable, Sendable {
        public var created: Int64
        public var inProgress: Int64?
        public var expires: Int64?
        public var finalizing: Int64?
        public var completed: Int64?
        public var failed: Int64?
        public var expired: Int64?
        public var cancelling: Int64?
        public var cancelled: Int64?

        public init(created: Int64, expires: Int64?) {
            self.created = created
            self.expires = expires
        }
    }

    public var id: String
    public var endpoint: String
    public var completionWindow: String
    public var inputFileID: String
    public var status: String
    public var at: Timestamps
    /// Nil until known.
    public var model: String?
    /// Written as null when empty.
    public var errors: [InputError] = []
    public var outputFileID: String?
    public var errorFileID: String?
    public var counts = RequestCounts()
    /// The sum over the lines that succeeded.
    public var usage: TokenUsage?
    public var metadata: Metadata?
    /// Ebb's own: what keeps the batch from going on. Written only when there is something.
    public var waitsFor: String?
    /// When that ends by itself, in seconds since 1970.
    public var waitsUntil: Int64?
    /// Ebb's own: work due by its deadline, or by a later one that it delays, over what can be served until then.
    /// Written above 1 only, where one of them will be late at the present rate.
    public var deadlineLoad: Double?
    /// Ebb's own: of the lines that ended while the batch runs. Written only when there are some.
    public var promptTokens: PromptTokens?

    public init(
        id: String, endpoint: String, completionWindow: String, inputFileID: String, status: String, at: Timestamps
    ) {
        self.id = id
        self.endpoint = endpoint
        self.completionWindow = completionWindow
        self.inputFileID = inputFileID
        self.status = status
        self.at = at
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("object", "batch")
        writer.member("endpoint", self.endpoint)
        writer.member("model", self.model)
        self.writeErrors(to: &writer)
        writer.member("input_file_id", self.inputFileID)
        writer.member("completion_window", self.completionWindow)
        writer.member("status", self.status)
        writer.member("output_file_id", self.outputFileID)
        writer.member("error_file_id", self.errorFileID)
        writer.member("created_at", self.at.created)
        writer.member("in_progress_at", self.at.inProgress)
        writer.member("expires_at", self.at.expires)
        writer.member("finalizing_at", self.at.finalizing)
        writer.member("completed_at", self.at.completed)
        writer.member("failed_at", self.at.failed)
        writer.member("expired_at", self.at.expired)
        writer.member("cancelling_at", self.at.cancelling)
        writer.member("cancelled_at", self.at.cancelled)
        writer.key("request_counts")
        writer.beginObject()
        writer.member("total", self.counts.total)
        writer.member("completed", self.counts.completed)
        writer.member("failed", self.counts.failed)
        writer.endObject()
        self.writeUsage(to: &writer)
        writer.key("metadata")
        if let metadata = self.metadata { metadata.write(to: &writer) } else { writer.null() }
        self.writeOwn(to: &writer)
        writer.endObject()
    }

    /// What other servers do not tell; nothing where there is nothing to tell.
    private func writeOwn(to writer: inout JSONWriter) {
        let load = self.deadlineLoad.flatMap { $0 > 1 ? $0 : nil }
        guard self.waitsFor != nil || load != nil || self.promptTokens != nil else { return }
        writer.key("ebb")
        writer.beginObject()
        if let waitsFor {
            writer.member("waiting_for", waitsFor)
            if let waitsUntil { writer.member("waiting_until", waitsUntil) }
        }
        if let load {
            // Up, so that what is above 1 does not become 1.
            writer.member("deadline_load", raw: "\((load * 100).rounded(.up) / 100)".utf8)
            writer.member("at_risk", true)
        }
        if let promptTokens {
            writer.key("prompt_tokens")
            writer.beginObject()
            writer.member("computed", promptTokens.computed)
            writer.member("cached", promptTokens.cached)
            writer.member("least", promptTokens.least)
            writer.endObject()
        }
        writer.endObject()
    }

    private func writeErrors(to writer: inout JSONWriter) {
        writer.key("errors")
        guard !self.errors.isEmpty else {
            writer.null()
            return
        }
        writer.beginObject()
        writer.member("object", "list")
        writer.key("data")
        writer.beginArray()
        for error in self.errors {
            writer.beginObject()
            writer.member("code", error.code)
            writer.member("message", error.message)
            writer.member("param", error.param)
            writer.member("line", error.line)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// Responses-style names for every endpoint.
    private func writeUsage(to writer: inout JSONWriter) {
        writer.key("usage")
        guard let usage = self.usage else {
            writer.null()
            return
        }
        writer.beginObject()
        writer.member("input_tokens", usage.input)
        writer.key("input_tokens_details")
        writer.beginObject()
        writer.member("cached_tokens", usage.cachedInput)
        writer.endObject()
        writer.member("output_tokens", usage.output)
        writer.key("output_tokens_details")
        writer.beginObject()
        writer.member("reasoning_tokens", usage.reasoningOutput)
        writer.endObject()
        writer.member("total_tokens", usage.total)
        writer.endObject()
    }
}
