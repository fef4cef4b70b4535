import Simulation

/// Reads a trace from a file or standard input; memory grows with its requests only.
enum TraceFile {
    /// Bytes of one line at most.
    static let lineBytesMax = 1 << 20

    /// - Parameter window: nanoseconds within which recorded batches are due, where their tier does not say.
    /// - Parameter spanMax: nanoseconds between the earliest and the latest request.
    static func read(
        _ path: String, format: TraceFormat?, window: Int64, spanMax: Int64 = TraceReader.spanMost
    ) throws(CommandFailure) -> Recording {
        let input = try ByteInput(path: path)
        var blocks = LineBlocks(input, lineBytesMax: Self.lineBytesMax)
        var reader = TraceReader(format: format, window: window, spanMax: spanMax)
        do {
            while let block = try blocks.next() {
                guard !block.isTooLong else {
                    throw reader.flaw(ofNextLine: "the line is longer than \(Self.lineBytesMax) bytes")
                }
                try block.bytes.withUnsafeBytes { bytes in
                    var flaw: TraceReader.Flaw?
                    bytes.forEachLine { line in
                        guard flaw == nil else { return }
                        do throws(TraceReader.Flaw) { try reader.add(line) } catch { flaw = error }
                    }
                    if let flaw { throw flaw }
                }
            }
            return try reader.finish()
        } catch let flaw as TraceReader.Flaw {
            throw CommandFailure("\(input.name):\(flaw.line): \(flaw.reason)")
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(input.name) cannot be read: \(error)")
        }
    }
}
