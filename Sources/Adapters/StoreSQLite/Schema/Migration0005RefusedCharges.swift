import GRDB

/// Lets a charge say that its request was refused for want of room: an entry of nothing, so that refusals can be found.
enum Migration0005RefusedCharges {
    static let name = "0005_refused_charges"

    static func apply(_ db: Database) throws {
        try OutcomeCheck.replace(
            "OR outcome = ''broken''", with: "OR outcome = ''broken'' OR outcome = ''refused''",
            proof: "outcome = ''refused''", in: db)
    }
}
