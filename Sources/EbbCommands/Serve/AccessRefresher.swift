import Gateway
import Logging
import Quantities

/// Takes over new and revoked keys, and changed spend caps, within a second of the command that made them.
struct AccessRefresher: Sendable {
    static let interval: Duration = .seconds(1)

    let keys: KeyDirectory
    let store: any ProjectStore & LedgerStore
    let holds: Holds
    let clock: any GatewayClock

    func refresh() async throws(StoreFailure) {
        guard let projects = try await self.keys.refresh() else { return }
        for project in projects where project.spendCap != nil || self.holds.hasCap(project.id) {
            do throws(StoreFailure) {
                let spent = try await self.store.spent(project: project.id)
                self.holds.open(project.id, cap: project.spendCap, spent: spent)
            } catch {
                self.keys.invalidate()
                throw error
            }
        }
    }

    func run(logger: Logger) async {
        while (try? await self.clock.sleep(for: Self.interval)) != nil {
            do { try await self.refresh() } catch {
                logger.error("keys could not be refreshed", metadata: ["reason": "\(error)"])
            }
        }
    }
}
