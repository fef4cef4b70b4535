import Yams

/// One value of a YAML document with its place and the way to it, so that every error can say where it is.
struct YAMLValue {
    let node: Node
    let path: String
    let file: String

    var place: ConfigurationError.Place {
        .init(file: self.file, line: self.node.mark?.line ?? 0, column: self.node.mark?.column ?? 0)
    }

    init(node: Node, path: String, file: String) {
        self.node = node
        self.path = path
        self.file = file
    }

    /// A value that stands in no document, for example an environment variable.
    init(text: String, file: String) {
        self.init(node: Node(text), path: "", file: file)
    }

    func error(_ message: String) -> ConfigurationError {
        ConfigurationError(message, path: self.path, at: self.place)
    }

    /// The root of the one document in `text`; nil when it is empty.
    static func parse(_ text: String, file: String) throws(ConfigurationError) -> YAMLValue? {
        do {
            guard let node = try Yams.compose(yaml: text) else { return nil }
            let root = YAMLValue(node: node, path: "", file: file)
            return root.isNull ? nil : root
        } catch let error as YamlError {
            throw Self.located(error, file: file)
        } catch {
            throw ConfigurationError("is not readable as YAML", at: .init(file: file))
        }
    }

    private static func located(_ error: YamlError, file: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationError(problem, at: .init(file: file, line: mark.line, column: mark.column))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.sorted().map { "'\($0)'" }.joined(separator: ", ")
            let mark = context.mark
            return ConfigurationError(
                "the key \(keys) is given twice in the mapping that starts here",
                at: .init(file: file, line: mark.line, column: mark.column))
        case .reader(let problem, _, _, _):
            return ConfigurationError(problem, at: .init(file: file))
        default:
            return ConfigurationError("is not readable as YAML", at: .init(file: file))
        }
    }

    var isNull: Bool {
        guard let scalar = self.node.scalar else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    var isMapping: Bool { self.node.mapping != nil }
    var isSequence: Bool { self.node.sequence != nil }

    func child(_ node: Node, _ step: String) -> YAMLValue {
        YAMLValue(node: node, path: self.path.isEmpty ? step : "\(self.path).\(step)", file: self.file)
    }

    // MARK: - Shapes

    /// The elements of a list.
    func elements() throws(ConfigurationError) -> [YAMLValue] {
        guard let sequence = self.node.sequence else { throw self.error("must be a list") }
        return sequence.enumerated().map { index, node in
            YAMLValue(node: node, path: "\(self.path)[\(index)]", file: self.file)
        }
    }

    /// A list, or one value that stands for a list of one.
    func elementsOrOne() throws(ConfigurationError) -> [YAMLValue] {
        self.isSequence ? try self.elements() : [self]
    }

    /// The pairs of a mapping whose keys are free names, in file order.
    func pairs() throws(ConfigurationError) -> [(key: YAMLValue, value: YAMLValue)] {
        guard let mapping = self.node.mapping else { throw self.error("must be a mapping (key: value)") }
        var pairs: [(YAMLValue, YAMLValue)] = []
        for (key, value) in mapping {
            let name = key.scalar?.string ?? "?"
            pairs.append((self.child(key, name), self.child(value, name)))
        }
        return pairs.map { (key: $0.0, value: $0.1) }
    }

    /// A mapping that may have only the given keys; a null value counts as absent.
    ///
    /// - Throws: for an unknown key, with its line and the nearest known key.
    func fields(_ known: [String]) throws(ConfigurationError) -> YAMLFields {
        var values: [String: YAMLValue] = [:]
        for (key, value) in try self.pairs() {
            let name = try key.text()
            guard known.contains(name) else { throw key.unknown("key", name, known) }
            if !value.isNull { values[name] = value }
        }
        return YAMLFields(owner: self, values: values)
    }

    func unknown(_ kind: String, _ name: String, _ known: some Sequence<String>) -> ConfigurationError {
        if let near = Suggestion.nearest(to: name, among: known) {
            return self.error("unknown \(kind) '\(name)'; did you mean '\(near)'?")
        }
        return self.error("unknown \(kind) '\(name)'; known: \(known.sorted().joined(separator: ", "))")
    }

    // MARK: - Scalars

    /// The text of a scalar as it is written; numbers keep all their digits.
    func text() throws(ConfigurationError) -> String {
        guard let scalar = self.node.scalar else { throw self.error("must be a single value") }
        guard !self.isNull else { throw self.error("needs a value") }
        return scalar.string
    }

    /// Text that is not empty.
    func name() throws(ConfigurationError) -> String {
        let text = try self.text()
        guard !text.isEmpty else { throw self.error("must not be empty") }
        return text
    }

    func bool() throws(ConfigurationError) -> Bool {
        switch try self.text() {
        case "true": return true
        case "false": return false
        default: throw self.error("must be true or false")
        }
    }

    func integer(_ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try self.text()
        guard let value = Int(text.filter { $0 != "_" }) else { throw self.error("'\(text)' is not a whole number") }
        guard range.contains(value) else {
            throw self.error("must lie between \(range.lowerBound) and \(range.upperBound), not \(value)")
        }
        return value
    }

    /// One of the raw values of an enumeration.
    func choice<Choice>(_ type: Choice.Type) throws(ConfigurationError) -> Choice
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        let text = try self.text()
        guard let value = Choice(rawValue: text) else {
            throw self.unknown("value", text, Choice.allCases.map(\.rawValue))
        }
        return value
    }
}

/// The fields of a mapping that was checked for unknown keys.
struct YAMLFields {
    let owner: YAMLValue
    private let values: [String: YAMLValue]

    init(owner: YAMLValue, values: [String: YAMLValue]) {
        self.owner = owner
        self.values = values
    }

    subscript(key: String) -> YAMLValue? { self.values[key] }

    func required(_ key: String) throws(ConfigurationError) -> YAMLValue {
        guard let value = self.values[key] else { throw self.owner.error("'\(key)' is missing") }
        return value
    }

    /// `read` of the field, or nil when it is absent.
    func optional<T>(
        _ key: String, _ read: (YAMLValue) throws(ConfigurationError) -> T
    ) throws(ConfigurationError) -> T? {
        guard let value = self.values[key] else { return nil }
        return try read(value)
    }
}
