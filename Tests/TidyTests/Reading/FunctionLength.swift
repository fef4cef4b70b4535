/// A function, initializer or subscript with a body, and how many lines it takes from its name to its last brace.
struct FunctionLength: Equatable {
    var name: String
    /// The first line has number 1.
    var line: Int
    var lines: Int

    private static let declarations: Set<String> = [
        "func", "init", "deinit", "subscript", "var", "let", "struct", "class", "enum", "actor", "extension",
        "protocol", "case", "typealias", "associatedtype", "import",
    ]
    private static let measured: Set<String> = ["func", "init", "deinit", "subscript"]

    private struct Token {
        var text: Substring
        var line: Int
        /// Follows a dot or a backtick: a use of a name, never a declaration.
        var isMember: Bool
    }

    /// Every measured declaration of `code`, which must be the output of `SwiftCode`.
    static func all(in code: String) -> [FunctionLength] {
        let tokens = Self.tokens(code)
        var found: [FunctionLength] = []
        for (index, token) in tokens.enumerated() where Self.measured.contains(String(token.text)) && !token.isMember {
            guard let body = Self.bodyStart(tokens, after: index), let end = Self.bodyEnd(tokens, from: body) else {
                continue
            }
            let next = index + 1 < tokens.count ? String(tokens[index + 1].text) : ""
            let name = token.text == "func" ? next : String(token.text)
            found.append(
                FunctionLength(name: name, line: token.line, lines: tokens[end].line - token.line + 1))
        }
        return found
    }

    /// The opening brace of the body; nil for a requirement without one.
    private static func bodyStart(_ tokens: [Token], after start: Int) -> Int? {
        var depth = 0
        for index in (start + 1)..<tokens.count {
            let token = tokens[index]
            switch token.text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "}" where depth == 0: return nil
            default:
                let isDeclaration = Self.declarations.contains(String(token.text)) && !token.isMember
                if depth == 0, isDeclaration, index > start + 1 { return nil }
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    private static func bodyEnd(_ tokens: [Token], from start: Int) -> Int? {
        var depth = 0
        for index in start..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    private static func tokens(_ code: String) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var previous: UInt8 = 0
        let bytes = code.utf8
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if SwiftWords.isWordByte(byte) {
                var end = bytes.index(after: index)
                while end < bytes.endIndex, SwiftWords.isWordByte(bytes[end]) { end = bytes.index(after: end) }
                let isMember = previous == UInt8(ascii: ".") || previous == UInt8(ascii: "`")
                tokens.append(Token(text: code[index..<end], line: line, isMember: isMember))
                previous = byte
                index = end
                continue
            }
            let next = bytes.index(after: index)
            if byte == UInt8(ascii: "\n") {
                line += 1
            } else if byte != UInt8(ascii: " ") {
                if "(){}[]".utf8.contains(byte) {
                    tokens.append(Token(text: code[index..<next], line: line, isMember: false))
                }
                previous = byte
            }
            index = next
        }
        return tokens
    }
}

/// What belongs to a word of Swift.
enum SwiftWords {
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: byte >= 0x80
        }
    }

    /// The parts of a name in camel case: `HTTPEngineClient2` is `HTTP`, `Engine`, `Client2`.
    static func parts(of name: String) -> [String] {
        let letters = Array(name)
        var parts: [String] = []
        var part = ""
        for (index, letter) in letters.enumerated() {
            let followsLower = index > 0 && !letters[index - 1].isUppercase
            let endsAcronym = index + 1 < letters.count && letters[index + 1].isLowercase
            if letter.isUppercase, followsLower || endsAcronym, !part.isEmpty {
                parts.append(part)
                part = ""
            }
            if letter.isLetter || letter.isNumber {
                part.append(letter)
            } else if !part.isEmpty {
                parts.append(part)
                part = ""
            }
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }
}
