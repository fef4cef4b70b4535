import Gateway
import Hummingbird
import Ledger
import OpenAIWire
import Quantities
import Scheduling

/// What Ebb tells beyond OpenAI's API, under a path of its own: how the scheduler stands, and the way of a request.
///
/// Engines and lanes are everybody's; batches and requests are those of the caller's project.
struct ObservationRoutes {
    /// Batches of the caller that are shown at most.
    static let batchesMax = 50

    let scheduler: WorkScheduler
    let batches: BatchService
    let explain: ExplainRequest

    func add(to group: RouterGroup<APIContext>) {
        group.get("scheduler") { _, context in
            Response.json(try await self.standing(try context.requireCaller()).encoded)
        }
        group.get("requests/:id") { _, context in
            let id = RequestID(try context.parameters.require("id"))
            let caller = try context.requireCaller()
            guard let found = try await self.explain.explain(id, project: caller.project) else {
                throw GatewayError.client(.noRequest(id.text))
            }
            return Response.json(found.json.encoded)
        }
        group.get("batches/:id/line") { request, context in
            let id = BatchID(try context.parameters.require("id"))
            let caller = try context.requireCaller()
            guard let customID = request.uri.queryParameters["custom_id"] else {
                throw GatewayError.invalid("Missing required parameter: 'custom_id'.", param: "custom_id")
            }
            let found = try await self.explain.line(
                String(customID), of: id, in: self.batches, project: caller.project)
            return Response.json(found.json.encoded)
        }
    }

    private func standing(_ caller: Caller) async throws -> JSONValue {
        let snapshot = self.scheduler.snapshot
        var batches: [JSONValue] = []
        let own = snapshot.batches.filter { $0.project == caller.project }
        for standing in own.sorted(by: { ($0.deadline, $0.batch) < ($1.deadline, $1.batch) }).prefix(Self.batchesMax) {
            // It may have ended since.
            guard let record = try? await self.batches.batch(standing.batch, project: caller.project) else { continue }
            batches.append(standing.json(record, now: snapshot.at))
        }
        let done = snapshot.statistics
        return .object([
            .init("object", .string("ebb.scheduler")), .init("at", .string(snapshot.at.rfc3339)),
            .init("lanes", .array(snapshot.lanes.map { $0.json(done, now: snapshot.at) })),
            .init("engines", .array(snapshot.engines.map { $0.json(now: snapshot.at) })),
            .init("batches", .array(batches)), .init("batches_in_all", .integer(own.count)),
            .init("promotions", .integer(done.promotions)), .init("violations", .integer(snapshot.violations)),
        ])
    }
}

extension JSONValue {
    /// Three decimals, for people; null for what is no number.
    static func rounded(_ value: Double) -> JSONValue {
        value.isFinite ? .number("\((value * 1_000).rounded() / 1_000)") : .null
    }

    static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
}

extension SchedulerSnapshot.LaneStanding {
    func json(_ done: SchedulerStatistics, now: Instant) -> JSONValue {
        let waits = self.window.waits(now: now)
        let lane = self.lane.rawValue
        return .object([
            .init("lane", .string(self.lane.word)), .init("waiting", .integer(self.waiting)),
            .init("running", .integer(self.running)), .init("held", .integer(self.held)),
            .init("held_until", .text(self.heldUntil?.rfc3339)),
            .init("tokens_per_second", .rounded(self.window.tokensPerSecond(now: now))),
            .init(
                "wait_seconds",
                waits.map {
                    .object([
                        .init("count", .integer($0.count)), .init("p50", .rounded($0.median)),
                        .init("p99", .rounded($0.p99)),
                    ])
                } ?? .null),
            .init("refused", .integer(done.refused[lane])), .init("preempted", .integer(done.preempted[lane])),
            .init("tokens_wasted", .integer(done.tokensWastedByLane[lane])),
        ])
    }
}

extension EngineStanding {
    func json(now: Instant) -> JSONValue {
        .object([
            .init("engine", .string(self.engine.text)), .init("available", .bool(self.isAvailable)),
            .init("in_flight", .integer(self.inFlight)),
            .init(
                "in_flight_by_lane",
                .object(Lane.allCases.map { .init($0.word, .integer(self.inFlightByLane[$0.rawValue])) })),
            .init("limit", .integer(self.limit)), .init("background_limit", .integer(self.backgroundLimit)),
            .init("reserve", .integer(self.reserve)), .init("follows", .string(self.source.rawValue)),
            .init(
                "metrics_age_seconds", self.sampledAt.map { .rounded(now.since($0).secondsApproximate) } ?? .null),
            .init("held_until", .text(self.heldUntil?.rfc3339)),
            .init(
                "held_models",
                .array(
                    self.heldModels.map {
                        .object([.init("model", .string($0.model.text)), .init("until", .string($0.until.rfc3339))])
                    })),
        ])
    }
}

extension BatchStanding {
    func json(_ batch: BatchRecord, now: Instant) -> JSONValue {
        .object([
            .init("id", .string(self.batch.text)), .init("status", .string(batch.status)),
            .init("total", .integer(batch.totalLines)), .init("completed", .integer(batch.completedLines)),
            .init("failed", .integer(batch.failedLines)), .init("in_flight", .integer(self.inFlight)),
            .init("rank", .string("\(self.rank)")),
            .init("deadline_load", self.load > 0 ? .rounded(self.load) : .null),
            .init("slack_seconds", self.slack(now: now).map { .rounded($0.secondsApproximate) } ?? .null),
            .init("expires_at", .string(self.deadline.rfc3339)),
        ])
    }
}

extension ExplainRequest.Explanation {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("object", .string("ebb.request")), .init("id", .string(self.request.text)),
        ]
        if let trace {
            let path = trace.path
            members += [
                .init("status", .string(path.outcome ?? (path.isAtEngine ? "running" : "waiting"))),
                .init("arrived_at", .string(path.arrivedAt.rfc3339)), .init("tier", .string(path.tier.text)),
                .init("batch", .text((trace.batch ?? self.charge?.batch)?.text)),
                // 1-based, as in validation errors.
                .init("line", trace.batch == nil ? .null : .integer(Int64(trace.line) + 1)),
                .init("waited_seconds", .rounded((self.waited ?? .zero).secondsApproximate)),
                .init(
                    "found",
                    path.outlook.map {
                        .object([
                            .init("ahead", .integer($0.ahead)),
                            .init("predicted_wait_seconds", .rounded($0.predictedWait)),
                            .init("held_until", .text($0.heldUntil?.rfc3339)),
                            .init("cause", .text($0.cause?.name)),
                            .init("cause_until", .text($0.cause?.until?.rfc3339)),
                        ])
                    } ?? .null),
                .init("steps", .array(path.steps.map(\.json))),
            ]
        } else if let charge {
            members += [
                .init("status", .string(charge.outcome.rawValue)),
                .init("arrived_at", .string(charge.startedAt.rfc3339)),
                .init("tier", .string((charge.requestedTier ?? charge.servedTier).text)),
                .init("batch", .text(charge.batch?.text)),
                .init("line", charge.line.map { .integer(Int64($0) + 1) } ?? .null), .init("steps", .null),
            ]
        }
        members.append(.init("charge", self.charge?.json ?? .null))
        return .object(members)
    }
}

extension ExplainRequest.LineExplanation {
    var json: JSONValue {
        let report = self.report
        return .object([
            .init("object", .string("ebb.batch_line")), .init("batch", .string(self.batch.id.text)),
            // 1-based, as in validation errors.
            .init("line", .integer(report.line + 1)), .init("custom_id", .string(self.customID)),
            .init("model", .text(self.batch.model)), .init("state", .string(report.state.rawValue)),
            .init("ahead", report.ahead.map { .integer($0) } ?? .null),
            .init("until", .text(report.until?.rfc3339)), .init("engine", .text(report.engine?.text)),
            .init(
                "seconds_at_engine",
                report.sentAt.map { .rounded(self.at.since($0).secondsApproximate) } ?? .null),
            .init("preemptions", .integer(report.preemptions)), .init("request", .text(report.request?.text)),
            .init("arrived_at", .text(report.path?.arrivedAt.rfc3339)),
            .init("steps", .array(report.path?.steps.map(\.json) ?? [])),
            .init("batch_lines_in_flight", .integer(self.linesInFlight)),
            .init("waiting_for", .text(self.waitsFor?.name)),
            .init("waiting_until", self.waitsFor?.until.map { .integer($0.seconds) } ?? .null),
        ])
    }
}

extension RequestStep {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("after_seconds", .rounded(self.time.secondsApproximate)), .init("event", .string(self.kind.rawValue)),
        ]
        switch self.kind {
        case .arrived, .fellBack: members.append(.init("tier", .string(self.text)))
        case .dispatched: members.append(.init("engine", .string(self.text)))
        case .failed: members.append(.init("reason", .string(self.text)))
        case .ended: members.append(.init("outcome", .string(self.text)))
        // null: another project's request, of which nothing is told.
        case .preempted: members.append(.init("by", self.text.isEmpty ? .null : .string(self.text)))
        case .firstToken: break
        }
        return .object(members)
    }
}
