package import OpenAIWire

/// A text with places for fields: `Classify: {{text}}`.
///
/// Names stand between double braces, with or without spaces around them. There is no escape: a text that needs double
/// braces itself can come from a field.
package struct PromptTemplate: Hashable, Sendable {
    private enum Piece: Hashable, Sendable {
        case text(String)
        case field(String)
    }

    private let pieces: [Piece]
    package let source: String

    /// Names in the order of their first use.
    package var fields: [String] {
        var names: [String] = []
        for case .field(let name) in self.pieces where !names.contains(name) { names.append(name) }
        return names
    }

    /// - Throws: a sentence that says what is wrong with the text.
    package init(_ source: String) throws(PromptTemplateError) {
        self.source = source
        var pieces: [Piece] = []
        var rest = source[...]
        while let open = Self.position(of: "{", in: rest) {
            if open != rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            let inner = rest[rest.index(open, offsetBy: 2)...]
            guard let close = Self.position(of: "}", in: inner) else { throw .unclosed }
            let name = Self.trimmed(inner[..<close])
            guard !name.isEmpty else { throw .emptyName }
            pieces.append(.field(name))
            rest = inner[inner.index(close, offsetBy: 2)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
        guard pieces.contains(where: { if case .field = $0 { true } else { false } }) else { throw .noField }
    }

    /// The text with its fields filled in: strings as they are, null as nothing, everything else as JSON.
    ///
    /// - Throws: `InputFlaw` for a field that the row does not have.
    package func filled(_ row: InputRow) throws(InputFlaw) -> String {
        var result = ""
        for piece in self.pieces {
            switch piece {
            case .text(let text): result += text
            case .field(let name):
                guard let value = row[name] else {
                    let names = row.fields.map { "'\($0.key)'" }.joined(separator: ", ")
                    throw InputFlaw(
                        line: row.line, field: name, "the template uses this field; the row has \(names)")
                }
                result += Self.text(value)
            }
        }
        return result
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        case .bool, .number, .array, .object: String(decoding: value.encoded, as: UTF8.self)
        }
    }

    /// The first place where `brace` stands twice.
    private static func position(of brace: Character, in text: Substring) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == brace, next < text.endIndex, text[next] == brace { return index }
            index = next
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

package enum PromptTemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    case unclosed, emptyName, noField

    package var description: String {
        switch self {
        case .unclosed: "'{{' without '}}'"
        case .emptyName: "'{{}}' names no field"
        case .noField: "it has no field; write {{name}} where a column's or field's value is to stand"
        }
    }
}

/// One row of an input: its fields in order.
package struct InputRow: Hashable, Sendable {
    package let line: Int
    package let fields: [JSONValue.Member]

    package init(line: Int, fields: [JSONValue.Member]) {
        self.line = line
        self.fields = fields
    }

    package subscript(name: String) -> JSONValue? { self.fields.last { $0.key == name }?.value }
}
