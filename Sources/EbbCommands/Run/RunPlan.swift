import ConfigurationYAML
import Glibc
import Quantities

/// A job as its command line describes it.
struct RunPlan: Sendable {
    var input: String
    /// Results are written to this path and `.results.jsonl`, `.errors.jsonl`, `.receipt.json`.
    var output: String
    var settings = InputSettings()
    var tier: RunTier
    var maxCost: Money?
    /// The quote needs no confirmation.
    var isConfirmed = false
    /// A finished job is run, and paid, again.
    var again = false
    /// Ends after the quote.
    var quoteOnly = false
    /// Quote and receipt are one JSON object on standard output.
    var json = false
    /// How long engines may be unreachable before the job stops.
    var patience: Duration = .seconds(60)

    /// The input's name without its folders.
    var inputName: String { self.input.split(separator: "/").last.map { String($0) } ?? self.input }
    var resultsPath: String { self.output + ".results.jsonl" }
    var errorsPath: String { self.output + ".errors.jsonl" }
    var receiptPath: String { self.output + ".receipt.json" }

    /// - Throws: when the folder of the results does not take any: better now than after the lines were paid for.
    func checkOutput() throws(CommandFailure) {
        let folder = self.output.lastIndex(of: "/").map { String(self.output[...$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else {
            throw CommandFailure("the results cannot be written into '\(folder)': \(String(cString: strerror(errno)))")
        }
    }
}
