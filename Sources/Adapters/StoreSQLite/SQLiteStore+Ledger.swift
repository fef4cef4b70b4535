public import Gateway
import GRDB
public import Ledger
public import Quantities

extension SQLiteStore: LedgerStore {
    public func charges(
        _ filter: ChargeFilter, after: Int64, limit: Int
    ) async throws(StoreFailure) -> [(row: Int64, charge: Charge)] {
        try await self.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM charge WHERE id > :after\(Self.condition(filter, inOrder: true))
                    ORDER BY id LIMIT :limit
                    """,
                arguments: Self.arguments(filter) + ["after": after, "limit": max(limit, 0)]
            ).map { (row: $0["id"], charge: try ChargeColumns.charge($0)) }
        }
    }

    public func totals(_ filter: ChargeFilter) async throws(StoreFailure) -> [ChargeGroup] {
        try await self.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT served_model, served_tier, sum(outcome <> 'refused') AS requests,
                        sum(CASE outcome WHEN 'refused' THEN requests ELSE 0 END) AS refused,
                        sum(outcome <> 'refused' AND amount IS NULL) AS unpriced,
                        \(Self.split("amount")) AS amount_high, \(Self.rest("amount")) AS amount_low,
                        \(Self.split("coalesce(list_amount, amount)")) AS list_high,
                        \(Self.rest("coalesce(list_amount, amount)")) AS list_low,
                        sum(input) AS input, sum(cached_input) AS cached_input, sum(cache_write) AS cache_write,
                        sum(cache_write_long) AS cache_write_long, sum(audio_input) AS audio_input,
                        sum(cached_audio_input) AS cached_audio_input, sum(image_input) AS image_input,
                        sum(output) AS output, sum(reasoning_output) AS reasoning_output,
                        sum(audio_output) AS audio_output, max(is_estimated) AS is_estimated
                    FROM charge WHERE 1\(Self.condition(filter, inOrder: false))
                    GROUP BY served_model, served_tier ORDER BY served_model, served_tier
                    """,
                arguments: Self.arguments(filter)
            ).map(Self.group)
        }
    }

    public func spent(project: ProjectID) async throws(StoreFailure) -> Money {
        try await self.read { db in
            let uncounted = try ChargeCount.uncounted(db).spent[project] ?? .zero
            let row = try Row.fetchOne(
                db, sql: "SELECT dollars, picodollars FROM spent WHERE project = ?", arguments: [project.text])
            return try row.map { try Self.counted($0).adding(uncounted) } ?? uncounted
        }
    }

    public func spent() async throws(StoreFailure) -> [ProjectID: Money] {
        try await self.read { db in
            var spent = try ChargeCount.uncounted(db).spent
            let rows = try Row.fetchCursor(db, sql: "SELECT project, dollars, picodollars FROM spent")
            while let row = try rows.next() {
                let project: ProjectID = row.id("project")
                spent[project] = try Self.counted(row).adding(spent[project] ?? .zero)
            }
            return spent
        }
    }

    private static func counted(_ row: Row) throws -> Money {
        let dollars: Int64 = row["dollars"]
        let picodollars: Int64 = row["picodollars"]
        return try Money(dollars: dollars).adding(Money(picodollars: Int128(picodollars)))
    }

    public func outputStatistics(model: String) async throws(StoreFailure) -> OutputStatistics? {
        try await self.read { db in
            var output = try ChargeCount.uncounted(db).modelOutput[model] ?? ChargeCount.ModelOutput()
            let row = try Row.fetchOne(
                db, sql: "SELECT requests, output_tokens FROM model_output WHERE model = ?", arguments: [model])
            if let row { output.add(requests: row["requests"], output: row["output_tokens"]) }
            return output.requests == 0
                ? nil : OutputStatistics(requests: output.requests, outputTokens: output.outputTokens)
        }
    }

    /// - Parameter inOrder: rows are wanted in the order of writing; a project's index would then cost a sort of all
    ///   its rows for each page, so it is kept from use (the unary plus).
    private static func condition(_ filter: ChargeFilter, inOrder: Bool) -> String {
        var condition = ""
        if filter.project != nil { condition += " AND \(inOrder ? "+" : "")project = :project" }
        if filter.batch != nil { condition += " AND batch = :batch" }
        if filter.request != nil { condition += " AND request = :request" }
        if filter.since != nil { condition += " AND finished_at >= :since" }
        if filter.until != nil { condition += " AND finished_at < :until" }
        return condition
    }

    private static func arguments(_ filter: ChargeFilter) -> StatementArguments {
        var arguments = StatementArguments()
        if let project = filter.project { arguments += ["project": project.text] }
        if let batch = filter.batch { arguments += ["batch": batch.text] }
        if let request = filter.request { arguments += ["request": request.text] }
        if let since = filter.since { arguments += ["since": since.nanoseconds] }
        if let until = filter.until { arguments += ["until": until.nanoseconds] }
        return arguments
    }

    // SQLite's sum fails beyond 64 bits, so amounts are summed in two halves of 32 bits and joined in 128.
    private static func split(_ amount: String) -> String {
        "coalesce(sum(CASE WHEN amount IS NULL THEN 0 ELSE \(amount) >> 32 END), 0)"
    }

    private static func rest(_ amount: String) -> String {
        "coalesce(sum(CASE WHEN amount IS NULL THEN 0 ELSE \(amount) & 4294967295 END), 0)"
    }

    private static func money(_ row: Row, high: String, low: String) -> Money {
        let (high, low): (Int64, Int64) = (row[high], row[low])
        return Money(picodollars: Int128(high) << 32 + Int128(low))
    }

    private static func group(_ row: Row) -> ChargeGroup {
        var totals = ChargeTotals()
        totals.requests = row["requests"]
        totals.refusedRequests = row["refused"]
        totals.unpricedRequests = row["unpriced"]
        totals.usage = ChargeColumns.usage(row)
        totals.amount = self.money(row, high: "amount_high", low: "amount_low")
        totals.listAmount = self.money(row, high: "list_high", low: "list_low")
        return ChargeGroup(servedModel: row["served_model"], servedTier: row.id("served_tier"), totals: totals)
    }
}
