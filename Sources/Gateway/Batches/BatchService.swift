import Batching
import OpenAIWire
public import Quantities
public import Scheduling

/// The use cases of `/v1/batches`.
public final class BatchService: Sendable {
    private let store: any BatchStore & FileStore
    private let runner: BatchRunner
    private let clock: any GatewayClock
    private let randomness: any Randomness
    /// Accepted completion windows and the tier that each is priced and scheduled as.
    public let windows: [String: TierName]
    private let tiers: @Sendable () -> TierTable

    public init(
        store: any BatchStore & FileStore, runner: BatchRunner, clock: any GatewayClock,
        randomness: any Randomness, windows: [String: TierName] = ["24h": .batch],
        tiers: @escaping @Sendable () -> TierTable = { .shipped }
    ) {
        self.store = store
        self.runner = runner
        self.clock = clock
        self.randomness = randomness
        self.windows = windows
        self.tiers = tiers
    }

    /// What a batch is to be; already checked for form.
    public struct Order: Sendable {
        public var inputFile: FileID
        public var endpoint: String
        public var window: String
        public var metadata: [MetadataPair]?
        public var outputExpiresAfter: Int64?
        public var maxCost: Money?

        public init(
            inputFile: FileID, endpoint: String, window: String = "24h", metadata: [MetadataPair]? = nil,
            outputExpiresAfter: Int64? = nil, maxCost: Money? = nil
        ) {
            self.inputFile = inputFile
            self.endpoint = endpoint
            self.window = window
            self.metadata = metadata
            self.outputExpiresAfter = outputExpiresAfter
            self.maxCost = maxCost
        }
    }

    /// Stores the batch and hands it to the runner. Everything about its file is reported later, in its `errors`.
    ///
    /// - Parameter answer: to the request's idempotency key, stored in the batch's transaction.
    public func create(
        _ order: Order, project: ProjectID, key: KeyID?, answer: PendingAnswer<BatchRecord>? = nil
    ) async throws(GatewayError) -> BatchRecord {
        let tiers = self.tiers()
        let offered = self.windows.filter { tiers.offersBatches($0.value, project: project) }
        guard let tier = offered[order.window], let window = try? CompletionWindow(order.window) else {
            throw .invalid(
                "Invalid value: '\(order.window)'. Supported values are: "
                    + offered.keys.sorted().map { "'\($0)'" }.joined(separator: ", ") + ".",
                param: "completion_window", code: "invalid_value")
        }
        let now = self.clock.now
        var batch = BatchRecord(
            id: self.randomness.id(BatchID.self), project: project, key: key, endpoint: order.endpoint,
            inputFile: order.inputFile, window: order.window, tier: tier, status: BatchStatus.validating.rawValue,
            metadata: order.metadata, outputExpiresAfter: order.outputExpiresAfter, createdAt: now,
            expiresAt: now.advanced(by: window.duration))
        batch.maxCost = order.maxCost
        do throws(StoreFailure) {
            Failpoint.hit("batch.storing")
            batch = try await self.store.insert(batch, answer: answer?.given(batch))
            Failpoint.hit("batch.stored")
        } catch { throw GatewayError(error) }
        self.runner.submit(batch)
        return batch
    }

    public func batch(_ id: BatchID, project: ProjectID) async throws(GatewayError) -> BatchRecord {
        do throws(StoreFailure) {
            if let batch = try await self.store.batch(id, project: project) { return batch }
        } catch { throw GatewayError(error) }
        throw .client(.noBatch(id.text))
    }

    /// What keeps a running batch from going on; nil while it does, and for any other.
    public func waitsFor(_ batch: BatchRecord) -> BatchWait? {
        if let wait = self.runner.board(of: batch.id)?.wait { return wait }
        guard batch.status == BatchStatus.inProgress.rawValue, let model = batch.model else { return nil }
        if self.runner.context.commits.isFailing { return .store }
        return self.runner.context.engines.wait(of: batch.id, model: model)
    }

    /// Work due by its deadline, or by a later one that it delays, over what can be served until then, as of the last
    /// review; nil while it does not run, 0 while no rate is known. Above 1 one of them will be late at this rate.
    public func deadlineLoad(of batch: BatchRecord) -> Double? {
        batch.isTerminal ? nil : self.runner.context.engines.deadlineLoad(of: batch.id)
    }

    /// Of the lines that ended since this process took the batch up; nil when it does not run or none has.
    public func prompts(of batch: BatchRecord) -> PromptTokens? {
        guard !batch.isTerminal, let prompts = self.runner.board(of: batch.id)?.prompts else { return nil }
        return prompts.isEmpty ? nil : prompts
    }

    /// Entries of an index that are read at a time.
    private static let entriesAtOnce = 1_024

    /// The number of the line with this custom_id, from 0; nil when there is none, or the file is lost.
    func line(_ customID: String, of batch: BatchRecord) throws(GatewayError) -> Int? {
        let wanted = WireHash(Array(customID.utf8))
        let hash = Hash128(high: wanted.high, low: wanted.low)
        do throws(StoreFailure) {
            guard let input = try BatchInput.unlessLost(batch, blobs: self.runner.context.blobs) else { return nil }
            var start = 0
            while start < input.index.lineCount {
                let end = min(start + Self.entriesAtOnce, input.index.lineCount)
                let found = try input.entries(start..<end).firstIndex { $0.customID == hash }
                if let found { return start + found }
                start = end
            }
            return nil
        } catch { throw GatewayError(error) }
    }

    /// Where a line stands; nil when the batch's lines do not run.
    func report(of line: Int, in batch: BatchRecord) async -> LineReport? {
        let reply = OneReply<LineReport?>()
        self.runner.ask(batch.id, line: line) { reply.give($0) }
        return await reply.wait(clock: self.clock, atMost: .seconds(5)) ?? nil
    }

    public func list(project: ProjectID, page: PageRequest) async throws(GatewayError) -> Page<BatchRecord> {
        do throws(StoreFailure) {
            return try await self.store.batches(project: project, page: page)
        } catch { throw GatewayError(error) }
    }

    /// Asks the running execution to cancel; a batch that no longer runs answers by its state.
    public func cancel(_ id: BatchID, project: ProjectID) async throws(GatewayError) -> BatchRecord {
        // A batch may end between the look-up and the message; its stored state decides then.
        for _ in 0..<50 {
            let batch = try await self.batch(id, project: project)
            switch BatchStatus(rawValue: batch.status) {
            case .cancelled: return batch
            case .completed, .failed, .expired: throw .client(.cannotCancel(status: batch.status))
            default: break
            }
            let reply = OneReply<Result<BatchRecord, GatewayError>?>()
            self.runner.cancel(batch) { reply.give($0) }
            if let result = await reply.wait(clock: self.clock, atMost: .seconds(5)) ?? nil { return try result.get() }
            try? await self.clock.sleep(for: .milliseconds(100))
        }
        throw GatewayError(source: .gateway, retry: .afterDelay(.seconds(1)), answer: .serverError)
    }
}
