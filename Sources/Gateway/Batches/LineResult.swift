import Batching
import Ledger
import OpenAIWire
import Quantities
import Routing

/// What is stored about a line that ran: its output or error row and its charge.
struct LineResult {
    let commit: LineCommit

    /// - Parameter usage: what an answer is charged for.
    init(
        batch: BatchRecord, endpoint: Endpoint, attempt: LineAttempt, ending: LineAttempt.Ending, usage: TokenUsage,
        fate: LineFate, customID: [UInt8], now: Instant, context: BatchContext
    ) {
        let line = Int32(attempt.lease.line)
        let id = LineResultID.text(batch: batch.id, line: line)
        let request = attempt.request
        var output: [UInt8] = []
        var charge: Charge?
        switch ending {
        case .answered(let answer):
            let served = attempt.tiers.served(answer.facts.serviceTier)
            let named = answer.facts.named(answer.body, servedTier: served.text)
            let body = attempt.estimate.map { EmbeddingEncoding.asAsked(named, $0.facts, endpoint) }
            OutputLine.appendAnswer(
                id: id, customID: customID, status: 200, requestID: request.text, body: body ?? named, to: &output)
            charge = Self.charge(
                batch, endpoint, attempt, answer, usage, request: request, now: now, context: context)
        case .failed(let failure):
            if case .failed(.exhausted(.timeout)) = fate {
                OutputLine.appendNeverExecuted(id: id, customID: customID, reason: .timeout, to: &output)
            } else {
                let error = GatewayError(failure)
                OutputLine.appendAnswer(
                    id: id, customID: customID, status: error.answer.status,
                    requestID: request.text, body: error.bodyBytes, to: &output)
            }
        }
        // Rows are kept without their line feed.
        output.removeLast()
        self.commit = LineCommit(
            batch: batch.id, line: line, epoch: context.epoch, succeeded: fate == .succeeded, output: output,
            attempts: Int32(attempt.lease.attempt), charge: charge)
    }

    private static func charge(
        _ batch: BatchRecord, _ endpoint: Endpoint, _ attempt: LineAttempt, _ answer: AnswerAssembly.Assembled,
        _ usage: TokenUsage, request: RequestID, now: Instant, context: BatchContext
    ) -> Charge {
        let alias = batch.model ?? attempt.target.engineModel
        let names = [answer.facts.model ?? "", attempt.target.engineModel, alias]
        let served = attempt.tiers.served(answer.facts.serviceTier)
        let price = context.pricer.price(usage, names: names, tier: served, at: attempt.startedAt)
        if price.amount == nil { context.unpriced.note(price, context.logger) }
        return Charge(
            request: request, project: batch.project, key: batch.key, batch: batch.id,
            line: Int32(attempt.lease.line), endpoint: endpoint.path, engine: attempt.target.engine,
            requestedModel: alias, servedModel: answer.facts.model ?? attempt.target.engineModel,
            requestedTier: batch.tier, servedTier: served, startedAt: attempt.startedAt, finishedAt: now,
            usage: usage, amount: price.amount, listAmount: price.listAmount, priceVersion: price.version,
            outcome: .answered)
    }
}
