import Foundation
import Tokenizing

// tokenizer-bench ids ENCODING VOCABULARIES      one hex string a line in, the ids of each out (for tokenizer-fuzz.py)
// tokenizer-bench stream ENCODING VOCABULARIES   the same, but the count, taken in chunks of uneven size
// tokenizer-bench time ENCODING VOCABULARIES FILE PIECE ROUNDS   load time and MB/s, one JSON object

enum BenchError: Error { case usage, unreadable(String) }

let fileNames = [
    "cl100k_base": "cl100k_base.tiktoken", "o200k_base": "o200k_base.tiktoken", "p50k_base": "p50k_base.tiktoken",
]

func read(_ path: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else { throw BenchError.unreadable(path) }
    return [UInt8](data)
}

func hexBytes(_ line: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in line.utf8 {
        let digit = character < 0x3A ? character &- 0x30 : (character | 0x20) &- 0x57
        if let first = high {
            bytes.append(first << 4 | digit)
            high = nil
        } else {
            high = digit
        }
    }
    return bytes
}

func streamed(_ bytes: [UInt8], _ encoder: Encoder) -> Int {
    var counter = StreamingCounter(encoder)
    var seed = UInt64(bytes.count) &+ 0x9E37
    var index = 0
    while index < bytes.count {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let limits: [UInt64] = [1, 2, 7, 100, 5000]
        let size = Int((seed >> 40) % limits[Int((seed >> 33) % 5)]) + 1
        counter.take(Array(bytes[index..<min(index + size, bytes.count)]))
        index += size
    }
    return counter.finish()
}

func timing(_ encoder: Encoder, _ text: [UInt8], piece: Int, rounds: Int) -> (speed: Double, tokens: Int) {
    var speeds: [Double] = []
    var tokens = 0
    for _ in 0..<rounds {
        tokens = 0
        let start = ContinuousClock.now
        text.withUnsafeBytes { all in
            var index = 0
            while index < all.count {
                var end = min(index + piece, all.count)
                while end < all.count, all[end] & 0xC0 == 0x80 { end += 1 }
                tokens += encoder.encode(UnsafeRawBufferPointer(rebasing: all[index..<end])).count
                index = end
            }
        }
        let duration = ContinuousClock.now - start
        speeds.append(Double(text.count) / 1e6 / (duration / .seconds(1)))
    }
    return (speeds.sorted()[rounds / 2], tokens)
}

func run() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4, let encoding = EncodingName(rawValue: arguments[2]),
        let fileName = fileNames[encoding.rankFileEncoding.rawValue]
    else { throw BenchError.usage }
    let file = try read(arguments[3] + "/" + fileName)
    let loadStart = ContinuousClock.now
    let encoder = Encoder(try Vocabulary(rankFile: file, encoding: encoding))
    let load = (ContinuousClock.now - loadStart) / .seconds(1)
    switch arguments[1] {
    case "ids":
        while let line = readLine() { print(encoder.encode(hexBytes(line)).map(String.init).joined(separator: ",")) }
    case "stream":
        while let line = readLine() { print(streamed(hexBytes(line), encoder)) }
    case "time":
        guard arguments.count == 7, let piece = Int(arguments[5]), let rounds = Int(arguments[6]) else {
            throw BenchError.usage
        }
        let (speed, tokens) = timing(encoder, try read(arguments[4]), piece: piece, rounds: rounds)
        print("{\"load_s\": \(load), \"mb_s\": \(speed), \"tokens\": \(tokens)}")
    default:
        throw BenchError.usage
    }
}

do {
    try run()
} catch {
    FileHandle.standardError.write(Data("tokenizer-bench: \(error)\n".utf8))
    exit(2)
}
