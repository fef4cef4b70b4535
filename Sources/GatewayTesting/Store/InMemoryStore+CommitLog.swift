public import Gateway
import Ledger
import Quantities
import Synchronization

extension InMemoryStore: CommitLog {
    public func commit(
        _ entry: CommitEntry, done: @escaping @Sendable (Result<CommitResult, StoreFailure>) -> Void
    ) {
        let result: Result<CommitResult, StoreFailure>? = self.state.withLock { state in
            if state.isClosed { return .failure(.unavailable("the store is closed")) }
            if let failure = state.commitFailure { return .failure(failure) }
            if state.holdsCommits {
                state.held.append(HeldCommit(entry: entry, done: done))
                return nil
            }
            do throws(StoreFailure) {
                return .success(try state.write(entry))
            } catch {
                return .failure(error)
            }
        }
        if let result { done(result) }
    }
}

extension InMemoryStore.State {
    fileprivate mutating func write(_ entry: CommitEntry) throws(StoreFailure) -> CommitResult {
        switch entry {
        case .charge(let charge): try self.write(charge)
        case .line(let line): try self.write(line)
        }
    }

    private mutating func write(_ charge: Charge) throws(StoreFailure) -> CommitResult {
        do throws(QuantityError) {
            _ = try charge.amount?.storedPicodollars
            _ = try charge.listAmount?.storedPicodollars
        } catch {
            throw .rejected("an amount does not fit a charge: \(error)")
        }
        guard self.chargedRequests.insert(charge.request).inserted else { return self.countRefusal(charge) }
        self.charges.append(charge)
        if charge.outcome == .answered {
            var output = self.modelOutput[charge.requestedModel] ?? OutputStatistics(requests: 0, outputTokens: 0)
            output.requests += 1
            output.outputTokens += charge.usage.output
            self.modelOutput[charge.requestedModel] = output
        }
        return .committed
    }

    private mutating func countRefusal(_ charge: Charge) -> CommitResult {
        guard charge.outcome == .refused,
            let place = self.charges.firstIndex(where: { $0.request == charge.request && $0.outcome == .refused })
        else { return .duplicate }
        self.charges[place].requests += 1
        self.charges[place].finishedAt = max(self.charges[place].finishedAt, charge.finishedAt)
        return .committed
    }

    private mutating func write(_ line: LineCommit) throws(StoreFailure) -> CommitResult {
        guard var batch = self.batches[line.batch], !batch.isTerminal, line.epoch == self.bootEpoch else {
            return .stale
        }
        guard self.lines[line.batch]?[line.line] == nil else { return .duplicate }
        if let charge = line.charge, try self.write(charge) == .duplicate { return .duplicate }
        if line.succeeded {
            batch.completedLines += 1
            if let charge = line.charge {
                do throws(QuantityError) {
                    batch.usage = try batch.usage.adding(charge.usage)
                } catch {
                    throw .rejected("the usage of a batch does not fit: \(error)")
                }
            }
        } else {
            batch.failedLines += 1
        }
        self.batches[line.batch] = batch
        self.lines[line.batch, default: [:]][line.line] = line
        return .committed
    }
}
