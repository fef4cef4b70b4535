import Batching
import Quantities

/// The id of a line's result, `batch_req_…`: derived from batch and line, so that a view shows the same id every time.
enum LineResultID {
    static func text(batch: BatchID, line: Int32) -> String {
        let hash = Hash128(of: "\(batch.text)/\(line)")
        return "batch_req_" + Self.hex(hash.high) + Self.hex(hash.low)
    }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
