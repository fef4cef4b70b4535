import OpenAIWire

/// The `custom_id` of a row: its own id, else its line's number.
struct RowID {
    static let fields = ["custom_id", "id"]

    let text: String
    /// Where the row has it; nil for a line's number.
    let field: String?

    init(_ row: InputRow) throws(InputFlaw) {
        for name in Self.fields {
            switch row[name] {
            case nil, .null?: continue
            case .string(let text)?:
                if text.isEmpty { continue }
                self.init(text, name)
            case .number(let text)?: self.init(text, name)
            default: throw InputFlaw(line: row.line, field: name, "an id must be a text or a number")
            }
            return
        }
        self.init(String(row.line), nil)
    }

    private init(_ text: String, _ field: String?) {
        self.text = text
        self.field = field
    }

    /// What is wrong with `line`, whose id an earlier line has.
    func isTaken(by earlier: Int, line: Int) -> InputFlaw {
        if let field { return InputFlaw(line: line, field: field, "'\(self.text)' is also the id of line \(earlier)") }
        return InputFlaw(
            line: line, "it has no id, so its number is one, and line \(earlier) has '\(self.text)' as its id")
    }
}
