import OpenAIWire
import Quantities
import Synchronization

/// Which entry of the ledger counts a refusal: that of the first one of the hour with the same key, model and tier.
///
/// Clients come again every few seconds while there is no room; an entry for each would make the ledger grow without
/// bound by what did not happen (decision 0015). Forgotten at the end of the process, which costs an entry more.
final class RefusalEntries: Sendable {
    /// Entries of one hour that are known; beyond that all begin anew.
    static let entriesMax = 10_000
    private static let period: Int64 = 3_600

    private struct Kind: Hashable {
        let project: ProjectID
        let key: KeyID?
        let endpoint: String
        let model: String
        let asked: String?
        let tier: TierName
    }

    private struct State {
        var hour: Int64 = 0
        var entries: [Kind: RequestID] = [:]
    }

    private let state = Mutex(State())

    /// - Returns: the request by which the entry is known: this one when it is the first.
    func entry(of request: CompletionRequest, tier: TierName, now: Instant) -> RequestID {
        let kind = Kind(
            project: request.caller.project, key: request.caller.key, endpoint: request.endpoint.path,
            model: request.facts.model, asked: request.facts.serviceTier, tier: tier)
        let hour = now.nanoseconds / 1_000_000_000 / Self.period
        return self.state.withLock { state in
            if state.hour != hour || state.entries.count >= Self.entriesMax {
                state.entries.removeAll()
                state.hour = hour
            }
            if let known = state.entries[kind] { return known }
            state.entries[kind] = request.id
            return request.id
        }
    }
}
