import Gateway
import Ledger
import Quantities
import StoreSQLite
import Synchronization
import Testing

@Suite("The group commit of SQLite") struct GroupCommitTests {
    private final class Observed: Sendable {
        let groups = Mutex<[Int]>([])
    }

    private func withStore(
        _ settings: CommitSettings = CommitSettings(), _ body: (SQLiteStore, Observed) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let observed = Observed()
            var settings = settings
            settings.observe = { observation in observed.groups.withLock { $0.append(observation.entries) } }
            let store = try SQLiteStore.open(folder: folder, settings: settings)
            do {
                try await body(store, observed)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }
    }

    /// Commits all entries before any is written, by sending them from inside a callback on the writer's own queue.
    private func together(
        _ entries: [CommitEntry], on store: SQLiteStore
    ) async -> [Result<CommitResult, StoreFailure>] {
        let results = Mutex<[Int: Result<CommitResult, StoreFailure>]>([:])
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            store.commit(.charge(Samples.charge("req_opener"))) { _ in
                for (number, entry) in entries.enumerated() {
                    store.commit(entry) { result in
                        let count = results.withLock { results in
                            results[number] = result
                            return results.count
                        }
                        if count == entries.count { continuation.resume() }
                    }
                }
            }
        }
        return results.withLock { results in entries.indices.compactMap { results[$0] } }
    }

    private func charges(_ numbers: Range<Int>) -> [CommitEntry] {
        numbers.map { .charge(Samples.charge(RequestID("req_\($0)"))) }
    }

    @Test("entries that wait together share a commit, up to the group's limit")
    func groups() async throws {
        var settings = CommitSettings()
        settings.groupEntriesMax = 40
        try await self.withStore(settings) { (store, observed) async throws in
            let results = await self.together(self.charges(0..<100), on: store)
            #expect(results == Array(repeating: .success(.committed), count: 100))
            await store.close()
            #expect(observed.groups.withLock { $0 } == [1, 40, 40, 20])
        }
    }

    @Test("a group is cut by its bytes too, and a larger entry goes alone")
    func groupBytes() async throws {
        var settings = CommitSettings()
        settings.groupBytesMax = 100
        try await self.withStore(settings) { (store, observed) async throws in
            try await store.insert(Samples.project())
            try await store.insert(Samples.batch())
            let epoch = try await store.beginServing()
            let lines: [CommitEntry] = [60, 40, 10, 500, 1].enumerated().map { number, size in
                let output = String(repeating: "x", count: size)
                return .line(Samples.line(Int32(number), epoch: epoch, output: output))
            }
            #expect(await self.together(lines, on: store) == Array(repeating: .success(.committed), count: 5))
            await store.close()
            #expect(observed.groups.withLock { $0 } == [1, 2, 1, 1, 1])
        }
    }

    @Test("beyond the queue's limits entries fail at once, and the others are written")
    func queueLimits() async throws {
        var settings = CommitSettings()
        settings.queueEntriesMax = 10
        try await self.withStore(settings) { (store, _) async throws in
            let results = await self.together(self.charges(0..<12), on: store)
            #expect(results.prefix(10).allSatisfy { $0 == .success(.committed) })
            for result in results.suffix(2) {
                guard case .failure(.unavailable(let why)) = result else {
                    Issue.record("\(result)")
                    continue
                }
                #expect(why.contains("10 entries wait"))
            }
            #expect(try await store.charges(ChargeFilter(), after: 0, limit: 99).count == 11)
        }
    }

    @Test("one bad entry fails alone, in the middle of its group")
    func oneBadEntry() async throws {
        try await self.withStore { (store, observed) async throws in
            var entries = self.charges(0..<20)
            entries[5] = .charge(Samples.charge("req_wide", amount: 1 << 70))
            var negative = Samples.charge("req_negative")
            negative.usage.output = -1
            entries[11] = .charge(negative)
            let results = await self.together(entries, on: store)
            for (number, result) in results.enumerated() {
                if number == 5 || number == 11 {
                    #expect(throws: StoreFailure.self) { try result.get() }
                } else {
                    #expect(result == .success(.committed))
                }
            }
            #expect(try await store.charges(ChargeFilter(), after: 0, limit: 99).count == 19)
            #expect(try await store.spent(project: "proj_a").picodollars == 19 * 1_500_000_000)
            #expect(try await store.outputStatistics(model: "small")?.requests == 19)
            #expect(observed.groups.withLock { $0 } == [1, 20])
        }
    }

    @Test("a full disk fails the whole group, writes nothing of it, and is over when there is room")
    func fullDisk() async throws {
        try await self.withStore { (store, _) async throws in
            try await store.insert(Samples.project())
            try await store.insert(Samples.batch())
            let epoch = try await store.beginServing()
            let pages = try #require(try await store.run("PRAGMA page_count").first)
            _ = try await store.run("PRAGMA max_page_count = \(pages)")
            let lines: [CommitEntry] = (0..<50).map { number in
                .line(Samples.line(number, epoch: epoch, output: String(repeating: "x", count: 3_000)))
            }
            let failed = await self.together(lines, on: store)
            #expect(failed == Array(repeating: .failure(.unavailable("the disk is full")), count: 50))
            #expect(try await store.finishedLines(of: "batch_a") == [])
            #expect(try await store.batch("batch_a", project: "proj_a")?.completedLines == 0)
            #expect(try await store.charges(ChargeFilter(batch: "batch_a"), after: 0, limit: 99).isEmpty)

            _ = try await store.run("PRAGMA max_page_count = 1000000")
            for line in lines { #expect(try await store.commit(line) == .committed) }
            #expect(try await store.batch("batch_a", project: "proj_a")?.completedLines == 50)
        }
    }

    @Test("callbacks come in the order of the entries, across groups")
    func order() async throws {
        var settings = CommitSettings()
        settings.groupEntriesMax = 7
        try await self.withStore(settings) { (store, _) async throws in
            let order = Mutex<[Int]>([])
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                for number in 0..<60 {
                    store.commit(.charge(Samples.charge(RequestID("req_\(number)")))) { _ in
                        order.withLock { $0.append(number) }
                        if number == 59 { continuation.resume() }
                    }
                }
            }
            #expect(order.withLock { $0 } == Array(0..<60))
        }
    }

    @Test("closing answers everything that was queued")
    func closing() async throws {
        try await self.withStore { (store, _) async throws in
            let answered = Mutex(0)
            for number in 0..<200 {
                store.commit(.charge(Samples.charge(RequestID("req_\(number)")))) { result in
                    if result == .success(.committed) { answered.withLock { $0 += 1 } }
                }
            }
            await store.close()
            #expect(answered.withLock { $0 } == 200)
        }
    }

    @Test("entries that come one after the other are written at once, however long a group may wait")
    func alone() async throws {
        var settings = CommitSettings()
        settings.linger = .seconds(3_600)
        try await self.withStore(settings) { (store, observed) async throws in
            for number in 0..<5 { _ = try await store.commit(.charge(Samples.charge(RequestID("req_\(number)")))) }
            #expect(observed.groups.withLock { $0 } == [1, 1, 1, 1, 1])
        }
    }

    @Test("entries that come together wait for each other, and not once the store closes")
    func together() async throws {
        var settings = CommitSettings()
        settings.linger = .seconds(3_600)
        settings.lingerEntriesMax = 1_000
        try await self.withStore(settings) { (store, observed) async throws in
            let charges = self.charges(0..<30)
            // After two that came together the next one waits for company, and the writer's own thread with it.
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                store.commit(.charge(Samples.charge("req_opener"))) { _ in
                    store.commit(charges[0]) { _ in
                        store.commit(charges[2]) { _ in }
                        continuation.resume()
                    }
                    store.commit(charges[1]) { _ in }
                }
            }
            for charge in charges[3...] { store.commit(charge) { _ in } }
            await store.close()
            #expect(observed.groups.withLock { $0 } == [1, 2, 28])
        }
    }

    @Test("a group that is large enough does not wait")
    func large() async throws {
        var settings = CommitSettings()
        settings.linger = .seconds(3_600)
        settings.lingerEntriesMax = 1
        try await self.withStore(settings) { (store, _) async throws in
            try await withThrowingTaskGroup(of: CommitResult.self) { group in
                for number in 0..<40 {
                    group.addTask { try await store.commit(.charge(Samples.charge(RequestID("req_\(number)")))) }
                }
                for try await result in group { #expect(result == .committed) }
            }
        }
    }
}
