import Quantities
import Scheduling
import Testing

@Suite struct RecentPercentileTests {
    static func percentile(_ values: [Double], now: Int64 = 0) -> Double? {
        var percentile = RecentPercentile()
        for value in values { percentile.observe(value, now: Instant(seconds: 0)) }
        return percentile.value(now: Instant(seconds: now))
    }

    @Test("the rank leaves out one value of a hundred, none of fewer, and is right in any order")
    func rank() {
        #expect(Self.percentile([]) == nil)
        #expect(Self.percentile([3, 9, 4]) == 9)
        #expect(Self.percentile((1...198).map(Double.init)) == 198)
        #expect(Self.percentile((1...199).map(Double.init)) == 198)
        #expect(Self.percentile((1...499).reversed().map(Double.init)) == 495)
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<50 {
            let values = (0..<Int.random(in: 1...512, using: &generator)).map { _ in
                Double(Int.random(in: 0...40, using: &generator))
            }
            let rank = max(1, (values.count + 1) / 100)
            #expect(Self.percentile(values) == values.sorted()[values.count - rank])
        }
    }

    @Test("only the last 512 values count")
    func window() {
        let values = [Double](repeating: 100, count: 9) + [Double](repeating: 1, count: RecentPercentile.countMax)
        #expect(Self.percentile(values) == 1)
        #expect(Self.percentile(Array(values.dropLast(1))) == 1)
        #expect(Self.percentile(Array(values.dropLast(5))) == 100)
    }

    @Test("values older than ten minutes do not count")
    func age() {
        var percentile = RecentPercentile()
        percentile.observe(50, now: Instant(seconds: 0))
        percentile.observe(2, now: Instant(seconds: 400))
        #expect(percentile.value(now: Instant(seconds: 600)) == 50)
        #expect(percentile.value(now: Instant(seconds: 601)) == 2)
        #expect(percentile.value(now: Instant(seconds: 1_001)) == nil)
    }
}
