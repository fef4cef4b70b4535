import Gateway
import Glibc
import StoreSQLite

/// The ledger of a data folder, opened to learn how long a model's answers were. A server may be using the folder.
struct PastAnswers {
    /// Nil without a history.
    let ledger: SQLiteStore?

    /// Opens the folder that was named, else the one of `ebb run` if it is there. Never makes a folder.
    ///
    /// A standard folder that cannot be read costs the history, not the quote.
    init(_ named: String?) throws(CommandFailure) {
        guard let folder = named ?? RunFolder.standard(ProcessEnvironment.all) else {
            self.ledger = nil
            return
        }
        guard access(folder + "/ebb.sqlite", F_OK) == 0 else {
            if named != nil {
                throw CommandFailure("'\(folder)' is no data folder", status: ExitStatus.store)
            }
            self.ledger = nil
            return
        }
        do throws(StoreFailure) {
            self.ledger = try SQLiteStore.open(folder: folder)
        } catch {
            let reason = "cannot open the data folder '\(folder)': \(error)"
            guard named == nil else { throw CommandFailure(reason, status: ExitStatus.store) }
            Console.error("ebb: \(reason); lengths of answers are assumed")
            self.ledger = nil
        }
    }

    func close() async { await self.ledger?.close() }
}
