extension RequestFacts {
    /// Turns the places into values and refuses what OpenAI refuses for the fields that the gateway relies on.
    mutating func interpret(_ scanner: JSONScanner) throws(RequestError) {
        guard let model = try self.text(.model, scanner) else { throw .missingParameter("model") }
        self.model = model
        try self.checkPrompt(scanner)
        self.stream = try self.flag(.stream, scanner)
        try self.readStreamOptions(scanner)
        self.serviceTier = try self.text(.serviceTier, scanner)
        let least: Int64 = self.endpoint == .chatCompletions ? 1 : 0
        self.maxTokens = try self.count(.maxTokens, least...Int64.max, scanner)
        self.maxCompletionTokens = try self.count(.maxCompletionTokens, least...Int64.max, scanner)
        self.nPredict = self.predicted(scanner)
        self.n = try self.count(.n, 1...Self.choicesMax, scanner) ?? 1
        self.bestOf = try self.count(.bestOf, 1...Self.bestOfMax, scanner) ?? 1
        self.encodingFormat = try self.text(.encodingFormat, scanner)
        self.promptCacheKey = try self.text(.promptCacheKey, scanner)
        self.user = try self.text(.user, scanner)
        self.safetyIdentifier = try self.text(.safetyIdentifier, scanner)
    }

    private func checkPrompt(_ scanner: JSONScanner) throws(RequestError) {
        switch self.endpoint {
        case .completions: return
        case .chatCompletions:
            guard self.has(.messages), let value = self[.messages]?.value else { throw .missingParameter("messages") }
            guard value.kind == .array else {
                throw .invalidType("messages", expected: "an array of objects", got: value.kind.phrase)
            }
            if Self.isEmpty(value, scanner) { throw .emptyArray("messages") }
        case .embeddings:
            guard self.has(.input), let value = self[.input]?.value else { throw .missingParameter("input") }
            guard value.kind == .array || value.kind == .string else {
                throw .invalidType("input", expected: "a string or an array", got: value.kind.phrase)
            }
            if value.kind == .array, Self.isEmpty(value, scanner) { throw .emptyArray("input") }
        }
    }

    private static func isEmpty(_ array: JSONSlice, _ scanner: JSONScanner) -> Bool {
        var inner = JSONScanner(scanner.bytes, from: array.range.lowerBound + 1)
        inner.skipWhitespace()
        return inner.offset == array.range.upperBound - 1
    }

    private mutating func readStreamOptions(_ scanner: JSONScanner) throws(RequestError) {
        guard self.has(.streamOptions), let value = self[.streamOptions]?.value else { return }
        guard value.kind == .object else {
            throw .invalidType("stream_options", expected: "an object", got: value.kind.phrase)
        }
        var inner = JSONScanner(scanner.bytes, from: value.range.lowerBound)
        var memberCount = 0
        do throws(JSONError) {
            try inner.openObject()
            while let key = try inner.nextKey() {
                let isUsage = inner.matches(key, "include_usage")
                let member = JSONMember(key: key.range, value: try inner.value())
                memberCount += 1
                if isUsage { self.includeUsageMember = member }
            }
        } catch {
            throw .unparsable(error)
        }
        self.streamOptionsLayout = JSONObjectLayout(
            open: value.range.lowerBound, close: value.range.upperBound - 1, memberCount: memberCount)
        guard let usage = self.includeUsageMember?.value, usage.kind != .null else { return }
        guard usage.kind == .bool else {
            throw .invalidType("stream_options.include_usage", expected: "a boolean", got: usage.kind.phrase)
        }
        self.includeUsage = scanner.isTrue(usage)
    }

    private func text(_ field: RequestField, _ scanner: JSONScanner) throws(RequestError) -> String? {
        guard self.has(field), let value = self[field]?.value else { return nil }
        guard value.kind == .string else {
            throw .invalidType(field.name, expected: "a string", got: value.kind.phrase)
        }
        return scanner.string(value)
    }

    private func flag(_ field: RequestField, _ scanner: JSONScanner) throws(RequestError) -> Bool {
        guard self.has(field), let value = self[field]?.value else { return false }
        guard value.kind == .bool else {
            throw .invalidType(field.name, expected: "a boolean", got: value.kind.phrase)
        }
        return scanner.isTrue(value)
    }

    /// The field is no OpenAI's, so the engine judges it; what is no whole number counts as no limit.
    private func predicted(_ scanner: JSONScanner) -> Int64? {
        guard self.has(.nPredict), let value = self[.nPredict]?.value else { return nil }
        return (value.kind == .number ? scanner.integer(value) : nil) ?? -1
    }

    private func count(
        _ field: RequestField, _ range: ClosedRange<Int64>, _ scanner: JSONScanner
    ) throws(RequestError) -> Int64? {
        guard self.has(field), let value = self[field]?.value else { return nil }
        guard value.kind == .number else {
            throw .invalidType(field.name, expected: "an integer", got: value.kind.phrase)
        }
        guard let number = scanner.integer(value) else {
            throw .invalidType(field.name, expected: "an integer", got: "a decimal or too large number")
        }
        if number < range.lowerBound {
            throw .belowMinimum(field.name, minimum: range.lowerBound, got: String(number))
        }
        if number > range.upperBound {
            throw .aboveMaximum(field.name, maximum: range.upperBound, got: String(number))
        }
        return number
    }
}
