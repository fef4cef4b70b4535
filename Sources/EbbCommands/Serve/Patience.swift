/// Waits for work, but not longer than a limit; work that takes longer goes on by itself.
enum Patience {
    static func wait(atMost limit: Duration, for work: @escaping @Sendable () async -> Void) async {
        let (ended, ending) = AsyncStream<Void>.makeStream()
        Task {
            await work()
            ending.yield()
        }
        Task {
            try? await Task.sleep(for: limit)
            ending.yield()
        }
        for await _ in ended { return }
    }
}
