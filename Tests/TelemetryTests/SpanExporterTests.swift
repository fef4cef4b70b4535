import Gateway
import GatewayTesting
import Logging
import OpenAIWire
import Quantities
import Routing
import Synchronization
import Telemetry
import Testing

@Suite("Sending spans", .timeLimit(.minutes(1))) struct SpanExporterTests {
    /// A collector that answers with these statuses, then with 200; keeps what it was sent.
    private final class Collector: Sendable {
        private let posts: AsyncStream<[UInt8]>
        private let inbox: AsyncStream<[UInt8]>.Continuation
        private let statuses: Mutex<[Int]>

        init(_ statuses: [Int]) {
            (self.posts, self.inbox) = AsyncStream.makeStream()
            self.statuses = Mutex(statuses)
        }

        func take(_ post: EngineFetch) -> Int {
            let status = self.statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
            self.inbox.yield(post.body ?? [])
            return status
        }

        /// How many spans the next message has.
        func next() async -> Int? {
            for await post in self.posts {
                let scopes = (try? JSONValue(parsing: post))?["resourceSpans"]?.array?.first?["scopeSpans"]
                return scopes?.array?.first?["spans"]?.array?.count
            }
            return nil
        }
    }

    private let clock = ManualClock()
    private let meters = PrometheusMeters()
    private let collector: Collector
    private let exporter: SpanExporter

    init() throws { try self.init([]) }

    private init(_ statuses: [Int]) throws {
        let collector = Collector(statuses)
        self.collector = collector
        let client = ScriptedEngine(fetch: { post throws(EngineFailure) in
            EngineFetchAnswer(status: collector.take(post), contentType: "application/json", body: [])
        })
        self.exporter = SpanExporter(
            collector: Engine(id: ":collector", url: try EngineURL("http://127.0.0.1:1"), kind: .openai),
            service: "ebb",
            version: "1", client: client, clock: self.clock, meters: self.meters,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func request(_ number: Int) -> TracedRequest {
        let path = RequestPath(tier: .standard, arrivedAt: self.clock.now)
        return TracedRequest(
            context: TraceContext(
                trace: TraceID(high: 1, low: UInt64(number)), span: UInt64(number), parent: nil, isSampled: true),
            way: RequestTrace(request: RequestID("req_\(number)"), project: "proj_a", path: path),
            endpoint: .chatCompletions, requestedModel: "m", servedTier: .standard, lastAttempt: 0, engines: [:])
    }

    private func lost(_ reason: String) -> String? {
        let text = self.meters.exposition()
        let name = "ebb_lost_traces_total{reason=\"\(reason)\"} "
        return text.split(separator: "\n").first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.utf8.count)) }
    }

    /// How many spans leave with the next interval, after a request has ended that something else went before.
    private func sent(_ number: Int) async -> Int? {
        self.exporter.ended(self.request(number))
        await self.clock.waitForSleepers(1)
        self.clock.advance(by: SpanExporter.interval)
        return await self.collector.next()
    }

    /// Runs the exporter while `body` does, then until it has sent what is left.
    private func running(_ body: () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.exporter.run() }
            await self.clock.waitForSleepers(1)
            await body()
            group.cancelAll()
        }
    }

    @Test("spans that gathered leave together when the interval has passed, the others at the end")
    func interval() async {
        for number in 1...3 { self.exporter.ended(self.request(number)) }
        await self.running {
            self.clock.advance(by: SpanExporter.interval)
            #expect(await self.collector.next() == 3)
            self.exporter.ended(self.request(4))
        }
        #expect(await self.collector.next() == 1)
        #expect(self.lost("not_taken") == nil)
    }

    @Test("a full message does not wait for the interval")
    func full() async {
        await self.running {
            for number in 1...512 { self.exporter.ended(self.request(number)) }
            #expect(await self.collector.next() == 512)
        }
    }

    @Test("a collector without room is asked three times, then what it did not take is lost and counted")
    func noRoom() async throws {
        let test = try Self([503, 429, 503])
        test.exporter.ended(test.request(1))
        await test.running {
            test.clock.advance(by: SpanExporter.interval)
            for pause in [500, 1_000] {
                #expect(await test.collector.next() == 1)
                await test.clock.waitForSleepers(2)
                test.clock.advance(by: .milliseconds(pause))
            }
            #expect(await test.collector.next() == 1)
            // The next message is taken again.
            #expect(await test.sent(2) == 1)
        }
        #expect(test.lost("not_taken") == "1")
    }

    @Test("what a collector refuses for good is not sent twice")
    func refused() async throws {
        let test = try Self([400])
        test.exporter.ended(test.request(1))
        await test.running {
            test.clock.advance(by: SpanExporter.interval)
            #expect(await test.collector.next() == 1)
            #expect(await test.sent(2) == 1)
        }
        #expect(test.lost("not_taken") == "1")
    }

    @Test("without a collector's answers memory is bounded, and what does not fit is counted")
    func bounded() {
        for number in 1...4_100 { self.exporter.ended(self.request(number)) }
        #expect(self.lost("queue_full") == "4")
    }
}
