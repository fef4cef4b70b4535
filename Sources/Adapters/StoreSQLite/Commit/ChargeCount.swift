import GRDB
import Gateway
import Ledger
import Quantities

/// What charges add up to by project and by model.
///
/// The sums lie in `spent` and `model_output` through one charge, `counted.through`; the charges behind it are added
/// when the sums are read. So a commit writes the pages of the charge alone, and every thousandth one the sums as well.
struct ChargeCount {
    struct ModelOutput {
        var requests: Int64 = 0
        var outputTokens: Int64 = 0
    }

    /// Charges that are left uncounted: what reading a sum costs at most, below a millisecond.
    static let uncountedMax: Int64 = 1_024

    private(set) var spent: [ProjectID: Money] = [:]
    private(set) var modelOutput: [String: ModelOutput] = [:]

    /// How many charges no stored sum contains, the ones of the open transaction among them.
    static func uncountedNumber(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT count(*) FROM charge WHERE id > (SELECT through FROM counted)") ?? 0
    }

    /// The charges that no stored sum contains yet.
    static func uncounted(_ db: Database) throws -> ChargeCount {
        var count = ChargeCount()
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT project, requested_model, amount, output, outcome = 'answered' AS is_answered FROM charge
                WHERE id > (SELECT through FROM counted)
                """)
        while let row = try rows.next() {
            if let amount: Money = row.money("amount") {
                let project: ProjectID = row.id("project")
                count.spent[project] = try (count.spent[project] ?? .zero).adding(amount)
            }
            guard row["is_answered"] else { continue }
            count.modelOutput[row["requested_model"], default: ModelOutput()].add(requests: 1, output: row["output"])
        }
        return count
    }
}

extension ChargeCount.ModelOutput {
    /// Statistics only: they stop growing at the limit of 64 bits instead of refusing a charge.
    mutating func add(requests: Int64, output: Int64) {
        self.requests += requests
        let (sum, overflow) = self.outputTokens.addingReportingOverflow(output)
        self.outputTokens = overflow ? .max : sum
    }
}
