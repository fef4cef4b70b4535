import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Pricing
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Lines at a bought engine are billed by the seller's tiers", .timeLimit(.minutes(1)))
struct BoughtTierTests {
    /// The seller's tiers and this gateway's `batch`, each with input and output of its own.
    static let dollars: [TierName: (input: String, output: String)] = [
        .standard: ("1", "2"), .flex: ("0.5", "1"), .batch: ("0.1", "0.2"), .priority: ("4", "8"),
    ]

    static func book(_ tiers: [TierName]) throws -> PriceBook {
        var prices: [TierName: TierPrices] = [:]
        for tier in tiers {
            let each = try #require(Self.dollars[tier])
            prices[tier] = TierPrices([
                .input: try Rate(try Money(decimalDollars: each.input), per: 1_000_000),
                .output: try Rate(try Money(decimalDollars: each.output), per: 1_000_000),
            ])
        }
        return try PriceBook(
            version: "test", entries: [PriceEntry(provider: "seller", models: ["e-m"], tiers: prices)])
    }

    /// What the scripted answer costs in a tier.
    static func cost(_ tier: TierName) -> Money? {
        [
            .standard: Money(picodollars: 20_000_000), .flex: Money(picodollars: 10_000_000),
            .batch: Money(picodollars: 2_000_000), .priority: Money(picodollars: 80_000_000),
        ][tier]
    }

    static func answer(_ tier: String?) -> EngineScript {
        guard let tier else { return .answer(CompletionDesk.answer) }
        return .answer(String(CompletionDesk.answer.dropLast()) + #","service_tier":\#(tier)}"#)
    }

    static func desk(
        _ scripts: [EngineScript] = [], kind: EngineKind = .openai, book: [TierName] = [.standard, .flex, .batch],
        windows: [String: TierName] = ["24h": .batch, "2h": "2h"], engines: Int = 1
    ) async throws -> BatchDesk {
        try await BatchDesk(
            scripts, kind: kind, engines: engines, book: try Self.book(book), windows: windows,
            otherwise: { _ in Self.answer(nil) })
    }

    /// Runs the lines to their end.
    static func run(_ desk: BatchDesk, _ bodies: [String], maxCost: Money? = nil, window: String = "24h") async throws
        -> BatchRecord
    {
        var id: BatchID?
        try await desk.running {
            id = try await desk.submit(bodies, maxCost: maxCost, window: window)
            _ = await desk.exit()
        }
        return try await desk.batch(try #require(id))
    }

    static func asked(_ desk: BatchDesk) throws -> [JSONValue?] {
        try desk.engine.requests.map { try JSONValue(parsing: $0.body)["service_tier"] }
    }

    @Test(
        "charged is the tier that the answer names, and the standard one where it names none (8.2 rule 5)",
        arguments: [
            (#""flex""#, TierName.flex), (#""default""#, .standard), (nil, .standard), ("null", .standard),
            (#""auto""#, .standard), (#""priority""#, .priority),
        ] as [(String?, TierName)])
    func served(_ answered: String?, _ tier: TierName) async throws {
        let desk = try await Self.desk([Self.answer(answered)], book: [.standard, .flex, .batch, .priority])
        _ = try await Self.run(desk, [BatchDesk.body])
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.requestedTier == .batch && charge.servedTier == tier)
        #expect(charge.amount == Self.cost(tier) && charge.listAmount == Self.cost(.standard))
        #expect(try Self.asked(desk) == [.string("flex")])
    }

    @Test(
        "an answer that names a tier names the one that is charged in the batch's output",
        arguments: [
            (EngineKind.vllm, #""default""#, "batch"), (.vllm, nil, nil), (.openai, #""auto""#, "default"),
            (.openai, #""flex""#, "flex"),
        ] as [(EngineKind, String?, String?)])
    func outputTier(_ kind: EngineKind, _ answered: String?, _ named: String?) async throws {
        let desk = try await Self.desk([Self.answer(answered)], kind: kind)
        let batch = try await Self.run(desk, [BatchDesk.body])
        let row = try #require(try await desk.rows(batch.outputFile).first)
        #expect(row["response"]?["body"]?["service_tier"]?.string == named)
    }

    @Test("an answer without a price in the tier that it names is unpriced, never charged at another one's")
    func unpriced() async throws {
        let desk = try await Self.desk([Self.answer(#""scale""#)])
        _ = try await Self.run(desk, [BatchDesk.body])
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.servedTier == "scale" && charge.amount == nil)
    }

    @Test(
        "asked for is flex where the seller has a price for it, else its standard, whatever the line says",
        arguments: [
            ([.standard, .flex, .batch], "24h", "flex"), ([.standard, .batch], "24h", nil),
            ([.standard, .batch, .priority], "24h", "default"), ([.standard, .flex, .priority], "12h", "default"),
            ([.standard, .flex], "12h", nil), ([.standard, .flex], "2h", "flex"), ([.batch], "24h", nil),
        ] as [([TierName], String, String?)])
    func asks(_ book: [TierName], _ window: String, _ tier: String?) async throws {
        let desk = try await Self.desk(book: book, windows: ["24h": .batch, "2h": "2h", "12h": .standard])
        let own = String(BatchDesk.body.dropLast())
        let words = [#","service_tier":"priority"}"#, #","service_tier":null}"#, "}"]
        let batch = try await Self.run(desk, words.map { own + $0 }, window: window)
        #expect(batch.completedLines == 3, "\(batch.errors)")
        #expect(try Self.asked(desk) == Array(repeating: tier.map { .string($0) }, count: 3))
    }

    @Test("an engine of our own serves at the batch's tier, whatever its answer says")
    func own() async throws {
        let desk = try await Self.desk([Self.answer(#""default""#)], kind: .vllm)
        _ = try await Self.run(desk, [String(BatchDesk.body.dropLast()) + #","service_tier":"priority"}"#])
        #expect(try Self.asked(desk) == [nil])
        #expect(desk.store.allCharges.map(\.servedTier) == [.batch])
        #expect(desk.store.allCharges.map(\.amount) == [Self.cost(.batch)])
    }

    private static func refusal(param: String = #""service_tier""#, _ message: String = "no") throws -> EngineScript {
        let body = #"{"error":{"message":"\#(message)","type":"invalid_request_error","param":\#(param),"code":null}}"#
        return .failure(EngineFailure(.clientFault, status: 400, message: message, body: Array(body.utf8)))
    }

    @Test("a tier that the seller refuses is asked for once; its lines go on in the next one")
    func refusedTier() async throws {
        let desk = try await Self.desk(
            [try Self.refusal(), try Self.refusal(param: "null", "Unknown argument: service_tier")],
            book: [.standard, .flex, .batch, .priority])
        let batch = try await Self.run(desk, Array(repeating: BatchDesk.body, count: 3))
        #expect(batch.completedLines == 3 && batch.failedLines == 0)
        #expect(try Self.asked(desk) == [.string("flex"), .string("default"), nil, nil, nil])
        #expect(desk.store.allCharges.map(\.amount) == Array(repeating: Self.cost(.standard), count: 3))
    }

    @Test("what the seller refuses for another reason is the line's own fault")
    func refusedRequest() async throws {
        let desk = try await Self.desk([try Self.refusal(param: #""temperature""#)])
        let batch = try await Self.run(desk, [BatchDesk.body, BatchDesk.body])
        #expect(batch.completedLines == 1 && batch.failedLines == 1)
        #expect(try Self.asked(desk) == [.string("flex"), .string("flex")])
    }

    @Test(
        "a seller without room for flex is left alone by lines, not by requests that pay for standard",
        arguments: [("resource_unavailable", false), ("rate_limit_exceeded", true)])
    func flexRoom(_ code: String, isClosed: Bool) async throws {
        let body = #"{"error":{"message":"no","type":"rate_limit_error","param":null,"code":"\#(code)"}}"#
        let full = EngineFailure(
            .capacity, status: 429, message: "no", retryAfter: .seconds(30), body: Array(body.utf8))
        let desk = try await Self.desk([.failure(full)])
        try await desk.running {
            _ = try await desk.submit(lines: 1)
            await desk.engine.waitForRequests(1)
            while desk.scheduler.snapshot.engines[0].inFlight > 0 { await Task.yield() }
            #expect(desk.scheduler.snapshot.engines[0].isRefusing == isClosed)
        }
        #expect(desk.engine.requests.count == 1 && desk.store.allCharges.isEmpty)
    }

    @Test("a cost limit holds what the seller may bill: standard where flex is asked for")
    func costLimit() async throws {
        let bound = try await Self.desk().bound(.standard)
        #expect(bound == (try await Self.desk().bound(.batch)).multiplied(10))
        for (cap, lines) in [(bound, 1), (Money(picodollars: bound.picodollars - 1), 0)] {
            let desk = try await Self.desk([Self.answer(#""default""#)])
            let batch = try await Self.run(desk, [BatchDesk.body, BatchDesk.body], maxCost: cap)
            #expect(batch.completedLines == lines && batch.status == "cancelled")
            #expect(desk.engine.requests.count == lines)
        }
    }

    @Test("a project's cap holds the same")
    func projectCap() async throws {
        for (part, status) in [(Int128(0), "completed"), (1, "in_progress")] {
            let desk = try await Self.desk()
            let bound = try desk.bound(.standard)
            desk.holds.open(
                BatchDesk.project, cap: Money(picodollars: 2 * bound.picodollars),
                spent: Money(picodollars: bound.picodollars + part))
            try await desk.running {
                let id = try await desk.submit(lines: 1)
                if status == "completed" { _ = await desk.exit() }
                while status != "completed", desk.service.waitsFor(try await desk.batch(id)) == nil {
                    await Task.yield()
                }
                #expect(try await desk.batch(id).status == status)
            }
            #expect(desk.engine.requests.count == (status == "completed" ? 1 : 0))
        }
    }

    @Test("a window without a price of its own is sold at a bought engine, whose tiers have one; not at one of ours")
    func windows() async throws {
        for (kind, book, status) in [
            (EngineKind.openai, [TierName.standard], "completed"), (.vllm, [.standard], "failed"),
            (.openai, [.flex, .batch], "failed"),
        ] {
            let desk = try await Self.desk(kind: kind, book: book)
            let batch = try await Self.run(desk, [BatchDesk.body], window: "2h")
            #expect(batch.status == status, "\(kind) \(book)")
        }
    }
}

extension Money {
    fileprivate func multiplied(_ factor: Int128) -> Money { Money(picodollars: self.picodollars * factor) }
}
