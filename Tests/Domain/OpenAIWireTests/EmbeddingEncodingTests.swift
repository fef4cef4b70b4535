import OpenAIWire
import Quantities
import Testing

@Suite struct EmbeddingEncodingTests {
    private func encoded(_ text: String) throws -> String {
        String(decoding: try EmbeddingEncoding.base64(Array(text.utf8)), as: UTF8.self)
    }

    /// An independent decoder: the floats that a client would see.
    private func decoded(_ base64: String) -> [Float] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var bits: [UInt8] = []
        for character in base64 {
            guard let six = alphabet.firstIndex(of: character) else { continue }
            bits += (0..<6).map { UInt8(six >> (5 - $0) & 1) }
        }
        let bytes = (0..<bits.count / 8).map { byte in
            (0..<8).reduce(0 as UInt32) { $0 << 1 | UInt32(bits[byte * 8 + $1]) }
        }
        return (0..<bytes.count / 4).map { index in
            Float(bitPattern: (0..<4).reduce(0) { $0 | bytes[index * 4 + $1] << UInt32(8 * $1) })
        }
    }

    @Test("only the embeddings change")
    func shape() throws {
        let text =
            #"{ "object":"list","data":[{"index":0,"embedding":[1, -2.5 ,0]},{"embedding":[1.0]},"#
            + #"{"embedding":"x"},{"embedding":["a"]},5],"usage":{"prompt_tokens":8}}"#
        #expect(
            try self.encoded(text) == #"{ "object":"list","data":[{"index":0,"embedding":"AACAPwAAIMAAAAAA"},"#
                + #"{"embedding":"AACAPw=="},{"embedding":"x"},{"embedding":["a"]},5],"usage":{"prompt_tokens":8}}"#)
        let done = #"{"data":[{"embedding":"AACAPw=="}]}"#
        #expect(try self.encoded(done) == done)
        #expect(throws: JSONError.self) { try self.encoded(#"{"data":[{"embedding":[1,]}]}"#) }
    }

    static let numbers = [
        "0", "-0", "-0.0", "1", "0.1", "1e10", "1e38", "3.4028235e38", "3.40282357e38", "1e-45", "1.4e-45", "7e-46",
        "1e-400",
        "1.17549435e-38", "1.1754943e-38", "16777217", "16777217.0000000001", "16777219", "9007199254740993",
        "0.0123456789012345678901234567890", "123456789012345678", "12345678901234567890123", "1e22", "1e23", "-1e-22",
        "0.000000000000000000000000000001", "1.00000005960464477539062500001", "1.000000059604644775390625", "5e-1",
        "1E+2",
        "00.5".dropFirst().description,
    ]

    @Test("numbers are rounded correctly", arguments: numbers)
    func rounding(_ number: String) throws {
        let result = try self.encoded(#"{"data":[{"embedding":[\#(number)]}]}"#)
        let base64 = try #require(try JSONValue(parsing: Array(result.utf8))["data"]?[0]?["embedding"]?.string)
        let expected = try #require(Float(number))
        #expect(self.decoded(base64).map(\.bitPattern) == [expected.bitPattern])
    }

    @Test("random numbers of every length and size are rounded correctly", arguments: 0..<20 as Range<UInt64>)
    func randomNumbers(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let numbers = (0..<300).map { _ -> String in
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return "\(Float.random(in: -1...1, using: &generator))"
            case 1: return "\(Double.random(in: -1...1, using: &generator))"
            case 2:
                // The exact middle between two floats.
                let float = Float(bitPattern: UInt32.random(in: 0x3000_0000...0x4000_0000, using: &generator))
                return "\((Double(float) + Double(float.nextUp)) / 2)"
            default:
                let digits = UInt64.random(
                    in: 0...UInt64.max >> UInt64.random(in: 0..<60, using: &generator), using: &generator)
                return "\(digits)e\(Int.random(in: -60...30, using: &generator))"
            }
        }
        let result = try self.encoded(#"{"data":[{"embedding":[\#(numbers.joined(separator: ","))]}]}"#)
        let base64 = try #require(try JSONValue(parsing: Array(result.utf8))["data"]?[0]?["embedding"]?.string)
        let floats = self.decoded(base64)
        for (number, float) in zip(numbers, floats) {
            #expect(Float(number)?.bitPattern == float.bitPattern, "\(number)")
        }
        #expect(floats.count == numbers.count)
    }
}
