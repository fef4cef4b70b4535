import GRDB

/// Writes the check of a charge's outcome as comparisons: for a list of more than two values SQLite builds a temporary
/// table each time, a third of the instructions of a charge's commit (decision 0010).
enum Migration0004OutcomeCheck {
    static let name = "0004_outcome_check"

    static func apply(_ db: Database) throws {
        try OutcomeCheck.replace(
            "outcome IN (''answered'', ''cancelled'', ''broken'')",
            with: "outcome = ''answered'' OR outcome = ''cancelled'' OR outcome = ''broken''",
            proof: "(outcome = ''answered'' OR ", in: db)
    }
}
