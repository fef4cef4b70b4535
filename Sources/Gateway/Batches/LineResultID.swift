import Batching
import Quantities

/// The id of a line's result, `batch_req_…`: derived from batch and line, so that a view shows the same id every time.
enum LineResultID {
    static func text(batch: BatchID, line: Int32) -> String {
        let hash = Hash128(of: "\(batch.text)/\(line)")
        return String(unsafeUninitializedCapacity: 42) { bytes in
            var count = 0
            for byte in "batch_req_".utf8 {
                bytes.initializeElement(at: count, to: byte)
                count += 1
            }
            HexText.write(hash.high, to: bytes, at: &count)
            HexText.write(hash.low, to: bytes, at: &count)
            return count
        }
    }
}
