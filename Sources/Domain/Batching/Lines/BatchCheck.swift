/// Decides at batch creation, from the stored facts alone, whether a file can run at an endpoint.
public struct BatchCheck: Sendable {
    public enum Verdict: Hashable, Sendable {
        /// Send `validated` with these.
        case valid(lineCount: Int, model: String?)
        /// Send `validationFailed` with these: whole-file errors first, then by line, at most a hundred.
        case invalid([LineError])
    }

    public let endpoint: BatchEndpoint
    public let limits: BatchLimits

    public init(endpoint: BatchEndpoint, limits: BatchLimits = BatchLimits()) {
        self.endpoint = endpoint
        self.limits = limits
    }

    /// The verdict over a file. `isServed` says whether a model can be used in batches; an unserved model is reported
    /// once, at the first line that names it, since every line names the same one.
    public func verdict(on facts: FileFacts, isServed: (String) -> Bool) -> Verdict {
        var errors = self.fileErrors(facts)
        var lineErrors = facts.problems.filter { $0.endpoint == nil || $0.endpoint == self.endpoint }.map(\.error)
        for (slot, lines) in facts.endpoints.enumerated() where slot != Int(self.endpoint.ordinal) {
            lineErrors += lines.first.map { LineError.wrongURL(line: Int($0)) }
        }
        if let model = facts.model, !isServed(model) {
            lineErrors.append(.unserved(model: model, line: facts.modelLine))
        }
        // A stable order also where a line has two errors: the place in the list decides.
        errors += lineErrors.enumerated()
            .sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
            .map(\.element)
        if errors.isEmpty { return .valid(lineCount: facts.lineCount, model: facts.model) }
        return .invalid(Array(errors.prefix(BatchLimits.errorsMax)))
    }

    private func fileErrors(_ facts: FileFacts) -> [LineError] {
        if facts.lineCount == 0 { return [.empty] }
        var errors: [LineError] = []
        if facts.byteCount > self.limits.fileBytesMax {
            errors.append(.tooLarge(bytes: facts.byteCount, max: self.limits.fileBytesMax))
        }
        if facts.lineCount > self.limits.linesMax {
            errors.append(.tooManyRequests(facts.lineCount, max: self.limits.linesMax))
        } else if facts.checkedCount < facts.lineCount {
            errors.append(.tooManyRequests(facts.lineCount, max: facts.checkedCount))
        }
        if self.endpoint == .embeddings, facts.embeddingInputs > self.limits.embeddingInputsMax {
            errors.append(.tooManyInputs(facts.embeddingInputs, max: self.limits.embeddingInputsMax))
        }
        return errors
    }
}
