import Gateway
import GRDB
import Ledger
import Quantities

/// A charge as a row: the one place that knows the order of its columns.
enum ChargeColumns {
    static let insert = """
        INSERT INTO charge (
            request, project, api_key, batch, line, endpoint, engine, requested_model, served_model, requested_tier,
            served_tier, started_at, finished_at, price_version, outcome, amount, list_amount, input, cached_input,
            cache_write, cache_write_long, audio_input, cached_audio_input, image_input, output, reasoning_output,
            audio_output, is_estimated
        ) VALUES (
            ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
            ?24, ?25, ?26, ?27, ?28
        ) ON CONFLICT (request) DO NOTHING
        """

    /// The arena must not be reset before the statement has run.
    static func bind(
        _ charge: Charge, to statement: RawStatement, in arena: TextArena
    ) throws(QuantityError) {
        let amount = try charge.amount?.storedPicodollars
        let listAmount = try charge.listAmount?.storedPicodollars
        let texts: [(Int32, String?)] = [
            (1, charge.request.text), (2, charge.project.text), (3, charge.key?.text), (4, charge.batch?.text),
            (6, charge.endpoint), (7, charge.engine.text), (8, charge.requestedModel), (9, charge.servedModel),
            (10, charge.requestedTier?.text), (11, charge.servedTier.text), (14, charge.priceVersion),
            (15, charge.outcome.rawValue),
        ]
        arena.reset(room: texts.reduce(0) { $0 + ($1.1?.utf8.count ?? 0) })
        for (index, text) in texts { statement.bind(index, text, in: arena) }
        statement.bind(5, charge.line.map(Int64.init))
        statement.bind(12, charge.startedAt.nanoseconds)
        statement.bind(13, charge.finishedAt.nanoseconds)
        statement.bind(16, amount)
        statement.bind(17, listAmount)
        self.bind(charge.usage, to: statement, from: 18)
    }

    /// Eleven columns: the ten counts and whether they are estimated.
    static func bind(_ usage: TokenUsage, to statement: RawStatement, from index: Int32) {
        statement.bind(index, usage.input)
        statement.bind(index + 1, usage.cachedInput)
        statement.bind(index + 2, usage.cacheWrite)
        statement.bind(index + 3, usage.cacheWriteLong)
        statement.bind(index + 4, usage.audioInput)
        statement.bind(index + 5, usage.cachedAudioInput)
        statement.bind(index + 6, usage.imageInput)
        statement.bind(index + 7, usage.output)
        statement.bind(index + 8, usage.reasoningOutput)
        statement.bind(index + 9, usage.audioOutput)
        statement.bind(index + 10, usage.isEstimated ? 1 : 0)
    }

    static func usage(_ row: Row) -> TokenUsage {
        var usage = TokenUsage()
        usage.input = row["input"]
        usage.cachedInput = row["cached_input"]
        usage.cacheWrite = row["cache_write"]
        usage.cacheWriteLong = row["cache_write_long"]
        usage.audioInput = row["audio_input"]
        usage.cachedAudioInput = row["cached_audio_input"]
        usage.imageInput = row["image_input"]
        usage.output = row["output"]
        usage.reasoningOutput = row["reasoning_output"]
        usage.audioOutput = row["audio_output"]
        usage.isEstimated = row["is_estimated"]
        return usage
    }

    static func charge(_ row: Row) throws(StoreFailure) -> Charge {
        let outcomeText: String = row["outcome"]
        guard let outcome = Charge.Outcome(rawValue: outcomeText) else {
            throw .unavailable("the database is damaged: a charge has the outcome '\(outcomeText)'")
        }
        var charge = Charge(
            request: row.id("request"), project: row.id("project"), key: row.id("api_key"), batch: row.id("batch"),
            line: row["line"], endpoint: row["endpoint"], engine: row.id("engine"),
            requestedModel: row["requested_model"], servedModel: row["served_model"],
            requestedTier: row.id("requested_tier"), servedTier: row.id("served_tier"),
            startedAt: row.instant("started_at"), finishedAt: row.instant("finished_at"), usage: self.usage(row),
            amount: row.money("amount"), listAmount: row.money("list_amount"), priceVersion: row["price_version"],
            outcome: outcome)
        charge.requests = row["requests"]
        return charge
    }

    /// Whole dollars, rounded down, and the picodollars above them.
    static func split(_ amount: Money) -> (dollars: Int64, picodollars: Int64) {
        var (dollars, rest) = amount.picodollars.quotientAndRemainder(dividingBy: Money.picodollarsPerDollar)
        if rest < 0 {
            rest += Money.picodollarsPerDollar
            dollars -= 1
        }
        return (Int64(clamping: dollars), Int64(rest))
    }
}

extension Row {
    func id<ID: TextIdentifier>(_ column: String) -> ID { ID(self[column] as String) }
    func id<ID: TextIdentifier>(_ column: String) -> ID? { (self[column] as String?).map { ID($0) } }
    func instant(_ column: String) -> Instant { Instant(nanoseconds: self[column]) }
    func instant(_ column: String) -> Instant? { (self[column] as Int64?).map { Instant(nanoseconds: $0) } }
    func money(_ column: String) -> Money? { (self[column] as Int64?).map { Money(picodollars: Int128($0)) } }
    func blob(_ column: String) -> BlobKey? { (self[column] as String?).map { BlobKey($0) } }
}
