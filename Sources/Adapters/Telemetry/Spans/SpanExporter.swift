public import Gateway
public import Logging
import Quantities
public import Routing
import Synchronization

/// Sends spans to an OpenTelemetry collector: OTLP over HTTP, JSON (`POST /v1/traces`).
///
/// Requests never wait for it. Spans are sent every `interval`, or when `batchMax` requests have come; what a collector
/// does not take is lost and counted.
public final class SpanExporter: SpanSink {
    /// Requests in one message.
    static let batchMax = 512
    static let waitingMax = 4_096
    public static let interval: Duration = .seconds(5)
    static let timeout: Duration = .seconds(3)
    /// After the end was asked for: what does not leave within this time is lost.
    static let lastTime: Duration = .seconds(2)
    /// Tries of one message, and the pause after the first; it doubles.
    static let triesMax = 3
    static let pauseFirst: Duration = .milliseconds(500)

    private let collector: Engine
    private let service: String
    private let version: String
    private let client: any EngineClient
    private let clock: any GatewayClock
    private let meters: any Meters
    private let logger: Logger
    private let queue = Mutex(SpanQueue(capacity: SpanExporter.waitingMax))
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let saidTrouble = Atomic(false)
    /// Requests whose spans did not leave, since the start.
    private let lostRequests = Atomic(0)

    /// - Parameters:
    ///   - collector: its base URL, under the name that the client's credentials for it have.
    ///   - service: `service.name` of the spans.
    public init(
        collector: Engine, service: String, version: String, client: any EngineClient, clock: any GatewayClock,
        meters: any Meters, logger: Logger
    ) {
        self.collector = collector
        self.service = service
        self.version = version
        self.client = client
        self.clock = clock
        self.meters = meters
        self.logger = logger
        (self.wakes, self.wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public func ended(_ request: TracedRequest) {
        let (isKept, isBatch) = self.queue.withLock { queue in
            let isKept = queue.add(request)
            return (isKept, isKept && queue.count == Self.batchMax)
        }
        if !isKept { self.countLost(1, "queue_full") }
        if isBatch { self.wake.yield() }
    }

    /// Sends until the task is cancelled, then once more what is left.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await self.clock.sleep(for: Self.interval)) != nil { self.wake.yield() }
            }
            for await _ in self.wakes { await self.flush() }
            group.cancelAll()
        }
        await self.flush(until: self.clock.now.advanced(by: Self.lastTime))
        let lost = self.lostRequests.load(ordering: .relaxed)
        guard lost > 0 else { return }
        self.logger.warning("spans were lost", metadata: ["requests": "\(lost)"])
    }

    /// - Parameter end: nothing is sent after it; nil: there is time.
    private func flush(until end: Instant? = nil) async {
        // What is left when the end was asked for goes in the last flush, which has a limit.
        while end != nil || !Task.isCancelled {
            let requests = self.queue.withLock { $0.take(Self.batchMax) }
            guard !requests.isEmpty else { return }
            let message = SpanText.message(
                requests.flatMap(\.spans), service: self.service, version: self.version)
            if let trouble = await self.trouble(with: message, until: end) {
                self.lost(requests.count, trouble)
            } else {
                self.well()
            }
        }
    }

    /// Sends a message; what kept the collector from taking it, or nil.
    ///
    /// A collector that has no room (429, 502, 503, 504) or cannot be reached is tried again; any other answer than 2xx
    /// would be the same a second time (OTLP specification, "Failures").
    private func trouble(with message: [UInt8], until end: Instant?) async -> String? {
        var pause = Self.pauseFirst
        for number in 1...Self.triesMax {
            var timeout = Self.timeout
            if let end { timeout = min(timeout, end.since(self.clock.now)) }
            guard timeout > .zero else { return "the process ends" }
            let (trouble, mayPass) = await self.answer(to: message, timeout: timeout)
            guard let trouble else { return nil }
            guard mayPass, number < Self.triesMax, (try? await self.clock.sleep(for: pause)) != nil else {
                return trouble
            }
            pause = pause * 2
        }
        return nil
    }

    private func answer(to message: [UInt8], timeout: Duration) async -> (trouble: String?, mayPass: Bool) {
        let passing = [429, 502, 503, 504]
        do throws(EngineFailure) {
            let answer = try await self.client.fetch(
                EngineFetch(
                    engine: self.collector, path: self.collector.url.rootPath + "/v1/traces", body: message,
                    timeout: timeout))
            if (200..<300).contains(answer.status) { return (nil, false) }
            return ("HTTP \(answer.status)", passing.contains(answer.status))
        } catch {
            return (error.message, error.status.map { passing.contains($0) } ?? true)
        }
    }

    private func lost(_ requests: Int, _ trouble: String) {
        self.countLost(requests, "not_taken")
        guard !self.saidTrouble.exchange(true, ordering: .relaxed) else { return }
        self.logger.warning(
            "spans cannot be sent to the collector; they are lost until it takes them",
            metadata: ["collector": "\(self.collector.url)", "reason": "\(trouble)"])
    }

    private func countLost(_ requests: Int, _ reason: String) {
        self.lostRequests.add(requests, ordering: .relaxed)
        for _ in 0..<requests { self.meters.count(.tracesLost, reason) }
    }

    private func well() {
        guard self.saidTrouble.exchange(false, ordering: .relaxed) else { return }
        self.logger.info(
            "the collector takes spans again",
            metadata: ["collector": "\(self.collector.url)", "lost": "\(self.lostRequests.load(ordering: .relaxed))"])
    }
}
