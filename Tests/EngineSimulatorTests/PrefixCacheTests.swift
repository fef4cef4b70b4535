import EngineSimulator
import Quantities
import Simulation
import Testing

@Suite("The prefix cache") struct PrefixCacheTests {
    @Test("a chain matches up to its first unknown block")
    func matching() {
        var cache = PrefixCache(blocksMax: 10)
        cache.insert([1, 2, 3])
        #expect(cache.match([1, 2, 3, 4]) == 3)
        #expect(cache.match([1, 9, 3]) == 1)
        #expect(cache.match([2, 3]) == 2)
        #expect(cache.match([]) == 0)
    }

    @Test("the least recently used tail leaves first, and the cache never grows beyond its size")
    func eviction() {
        var cache = PrefixCache(blocksMax: 4)
        cache.insert([1, 2, 3])
        cache.insert([1, 7])
        #expect(cache.match([1, 2, 3]) == 3)
        cache.insert([8])
        #expect(cache.count == 4)
        #expect(cache.match([1, 2, 3]) == 2)
        #expect(cache.match([1, 7]) == 2)
        #expect(cache.match([8]) == 1)
        cache.insert(Array(100..<200))
        #expect(cache.count == 4)
        #expect(cache.match(Array(100..<200)) == 4)
    }

    @Test("a cache of no blocks remembers nothing")
    func empty() {
        var cache = PrefixCache(blocksMax: 0)
        cache.insert([1])
        #expect(cache.match([1]) == 0)
    }

    @Test("random work leaves what a naive least-recently-used list leaves")
    func againstNaiveList() {
        var generator = SeededGenerator(seed: 3)
        var cache = PrefixCache(blocksMax: 8)
        var naive: [UInt64] = []
        for _ in 0..<2_000 {
            let hash = UInt64.random(in: 0..<20, using: &generator)
            cache.insert([hash])
            naive.removeAll { $0 == hash }
            naive.insert(hash, at: 0)
            naive = Array(naive.prefix(8))
            for known in 0..<20 as Range<UInt64> {
                #expect((cache.match([known]) == 1) == naive.contains(known))
            }
        }
    }

    private func engine(_ scope: CacheScope, slots: Int = 4) -> VirtualEngine {
        VirtualEngine {
            $0.slots = slots
            $0.cacheScope = scope
            $0.blockTokens = 16
            $0.prefillPerSecond = 1_000
        }
    }

    private func request(_ id: UInt64, _ chain: [UInt64], prompt: Int? = nil) -> ModelRequest {
        ModelRequest(id: id, promptTokens: prompt ?? chain.count * 16 + 5, chain: chain, outputTokens: 1)
    }

    @Test("a known prefix is not computed again, also when both prompts arrive together")
    func shortensPrefill() {
        var engine = self.engine(.global)
        engine.arrive(self.request(1, [1, 2, 3, 4]))
        engine.arrive(self.request(2, [1, 2, 3, 9]))
        engine.runToEnd()
        #expect(engine.cachedTokens == [1: 0, 2: 48])
        #expect(engine.finishedAt == [1: 69, 2: 90])
        #expect(engine.model.statistics.cacheQueries == 138)
        #expect(engine.model.statistics.cacheHits == 48)
    }

    @Test("at least one token of a prompt is computed")
    func neverAll() {
        var engine = self.engine(.global)
        engine.arrive(self.request(1, [1, 2], prompt: 32))
        engine.arrive(self.request(2, [1, 2], prompt: 32))
        engine.runToEnd()
        #expect(engine.cachedTokens[2] == 31)
        #expect(engine.finishedAt[2] == 33)
    }

    @Test("a prompt that was cancelled before it was computed is not remembered")
    func cancelled() {
        var engine = self.engine(.global)
        engine.arrive(self.request(1, [1, 2, 3]))
        engine.cancel(1)
        engine.arrive(self.request(2, [1, 2, 3]))
        engine.runToEnd()
        #expect(engine.cachedTokens == [2: 0])
    }

    @Test("slots with caches of their own choose the slot that knows most, unless the request names one")
    func slotCaches() {
        var engine = self.engine(.slot, slots: 2)
        engine.arrive(self.request(1, [1, 2, 3]))
        engine.arrive(self.request(2, [7, 8, 9]))
        engine.runToEnd()
        engine.arrive(self.request(3, [7, 8, 1]))
        engine.runToEnd()
        #expect(engine.cachedTokens[3] == 32)
        var named = self.request(4, [7, 8, 1])
        named.slot = 0
        engine.arrive(named)
        engine.runToEnd()
        #expect(engine.cachedTokens[4] == 0)
    }

    @Test("without a cache nothing is found and nothing is asked")
    func off() {
        var engine = self.engine(.off)
        engine.arrive(self.request(1, [1]))
        engine.arrive(self.request(2, [1]))
        engine.runToEnd()
        #expect(engine.cachedTokens == [1: 0, 2: 0])
        #expect(engine.model.statistics.cacheQueries == 0)
    }
}
