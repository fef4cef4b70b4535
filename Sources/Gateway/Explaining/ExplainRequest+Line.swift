import OpenAIWire
public import Quantities
import Scheduling

/// Lines of batches that run.
extension ExplainRequest {
    /// Where a line stands, and what its batch does.
    public struct LineExplanation: Sendable {
        public let batch: BatchRecord
        public let customID: String
        public let report: LineReport
        /// Of the batch.
        public let linesInFlight: Int
        /// What keeps the batch from going on; nil while lines of it run, or may run as soon as it is their turn.
        public let waitsFor: BatchWait?
        public let at: Instant
    }

    /// - Throws: 404 where the project has no such batch or the batch no such line, 409 while its lines do not run, and
    ///   once it has ended: its files tell then.
    public func line(
        _ customID: String, of id: BatchID, in batches: BatchService, project: ProjectID
    ) async throws(GatewayError) -> LineExplanation {
        let batch = try await batches.batch(id, project: project)
        guard let line = try batches.line(customID, of: batch) else {
            throw .client(.noLine(customID, batch: id.text))
        }
        guard var report = await batches.report(of: line, in: batch) else {
            throw .client(.linesDoNotRun(status: batch.status))
        }
        if report.path == nil, let trace = self.history.trace(ofLine: line, in: id) {
            report.path = trace.path
            report.request = trace.request
        }
        let snapshot = self.scheduler.snapshot
        return LineExplanation(
            batch: batch, customID: customID, report: report,
            linesInFlight: snapshot.batches.first { $0.batch == id }?.inFlight ?? 0,
            waitsFor: batches.waitsFor(batch), at: snapshot.at)
    }
}
