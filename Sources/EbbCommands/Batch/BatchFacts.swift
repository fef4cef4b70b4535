import OpenAIWire

/// What the commands read from a batch object.
struct BatchFacts {
    let object: JSONValue
    let id: String
    let status: String
    let total: Int64
    let completed: Int64
    let failed: Int64

    init(_ object: JSONValue) throws(ServerFailure) {
        guard let id = object["id"]?.string, let status = object["status"]?.string else {
            throw .strange("a batch without id and status")
        }
        self.object = object
        self.id = id
        self.status = status
        let counts = object["request_counts"]
        self.total = counts?["total"]?.integer ?? 0
        self.completed = counts?["completed"]?.integer ?? 0
        self.failed = counts?["failed"]?.integer ?? 0
    }

    static func path(_ id: String) -> String { "/batches/\(PathText.encoded(id))" }

    static func fetch(_ id: String, _ client: ServerClient) async throws(ServerFailure) -> BatchFacts {
        try BatchFacts(try await client.get(Self.path(id)).json())
    }

    var isFinished: Bool { ["completed", "failed", "expired", "cancelled"].contains(self.status) }

    /// The status that a command which waited for this batch ends with.
    var exitStatus: Int32 {
        switch self.status {
        case "completed": self.failed == 0 ? 0 : ExitStatus.linesFailed
        case "expired", "cancelled": ExitStatus.linesFailed
        default: ExitStatus.failed
        }
    }

    /// Validation errors, a line each: `line 3: invalid_url: message (url)`.
    var errorLines: [String] {
        (self.object["errors"]?["data"]?.array ?? []).map { error in
            var text = error["line"]?.integer.map { "line \($0): " } ?? ""
            text += "\(error["code"]?.string ?? "error"): \(error["message"]?.string ?? "")"
            if let param = error["param"]?.string { text += " (\(param))" }
            return TextTable.printable(text)
        }
    }

    var row: [String] {
        [
            self.id, self.status, String(self.total), String(self.completed), String(self.failed),
            self.object["model"]?.string ?? "", ShownTime.text(self.object["created_at"]) ?? "",
            self.object["completion_window"]?.string ?? "",
        ]
    }

    static let titles = ["ID", "STATUS", "#TOTAL", "#OK", "#FAILED", "MODEL", "CREATED", "WINDOW"]

    /// Everything about the batch, for people.
    func print() throws(ServerFailure) {
        let usage = self.object["usage"]
        var facts: [(name: String, value: String?)] = [
            ("id", self.id), ("status", self.status), ("model", self.object["model"]?.string),
            ("waiting for", WaitText.of(self.object)),
            ("deadline", RiskText.of(self.object)),
            ("endpoint", self.object["endpoint"]?.string), ("window", self.object["completion_window"]?.string),
            ("lines", "\(self.total) in all, \(self.completed) completed, \(self.failed) failed"),
            ("input tokens", Self.tokens(usage, "input_tokens", "input_tokens_details", "cached_tokens", "cached")),
            ("prompts so far", PromptText.of(self.object)),
            (
                "output tokens",
                Self.tokens(usage, "output_tokens", "output_tokens_details", "reasoning_tokens", "reasoning")
            ),
            ("input file", self.object["input_file_id"]?.string),
            ("output file", self.object["output_file_id"]?.string),
            ("error file", self.object["error_file_id"]?.string),
        ]
        for name in [
            "created", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled",
            "expires",
        ] {
            facts.append((name.replacing("_", with: " "), ShownTime.text(self.object[name + "_at"])))
        }
        for member in self.object["metadata"]?.members ?? [] {
            facts.append(("metadata", "\(member.key)=\(member.value.string ?? "")"))
        }
        for line in self.errorLines { facts.append(("error", line)) }
        try FactList.print(facts)
    }

    private static func tokens(
        _ usage: JSONValue?, _ name: String, _ details: String, _ part: String, _ word: String
    ) -> String? {
        guard let count = usage?[name]?.integer else { return nil }
        let share = usage?[details]?[part]?.integer ?? 0
        return share > 0 ? "\(count), \(share) of them \(word)" : "\(count)"
    }
}
