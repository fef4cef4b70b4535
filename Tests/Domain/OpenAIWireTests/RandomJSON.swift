import OpenAIWire
import Quantities

/// Random trees and mutations for the fuzz tests; the same seed gives the same texts.
struct RandomJSON {
    var generator: SeededGenerator

    init(seed: UInt64) { self.generator = SeededGenerator(seed: seed) }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self.generator) }

    mutating func tree(depth: Int = 4) -> JSONValue {
        switch self.below(depth > 0 ? 8 : 6) {
        case 0: return .null
        case 1: return .bool(self.below(2) == 0)
        case 2: return .number(["0", "-1", "3.25", "1e5", "12345678901234567890", "-0.0E-2"][self.below(6)])
        case 3...5: return .string(self.text())
        case 6: return .array((0..<self.below(5)).map { _ in self.tree(depth: depth - 1) })
        default:
            return .object((0..<self.below(5)).map { _ in JSONValue.Member(self.text(), self.tree(depth: depth - 1)) })
        }
    }

    mutating func text() -> String {
        let pieces = ["a", "model", "\"", "\\", "\n", "\u{1}", "é", "€", "😀", "বাংলা", " ", "0123456789", "/", "\u{7F}"]
        return (0..<self.below(9)).map { _ in pieces[self.below(pieces.count)] }.joined()
    }

    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...self.below(3) where !result.isEmpty {
            let at = self.below(result.count)
            switch self.below(4) {
            case 0: result[at] = UInt8(self.below(256))
            case 1: result.remove(at: at)
            case 2:
                let marks = Array("{}[]\",:\\u0e1.-\n".utf8)
                result.insert(marks[self.below(marks.count)], at: at)
            default: result.swapAt(at, self.below(result.count))
            }
        }
        return result
    }
}
