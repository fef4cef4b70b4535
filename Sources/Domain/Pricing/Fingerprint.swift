import Quantities

/// A short, stable name for the figures of a price entry: 64-bit FNV-1a over a canonical text, in hex.
///
/// It tells two sets of prices apart; it is no protection against forgery.
enum Fingerprint {
    static func text(of entry: PriceEntry) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0x1f) &* 0x100_0000_01b3
        }
        func add(_ rates: [Meter: Rate]) {
            for (meter, rate) in rates.sorted(by: { $0.key < $1.key }) {
                add("\(meter.name)=\(rate.picodollars)/\(rate.quantity)")
            }
        }
        func add(_ set: RateSet) {
            add(set.rates)
            for band in set.bands {
                add(">\(band.above)")
                add(band.rates)
            }
        }
        add("\(entry.validFrom.nanoseconds)...\(entry.validTo.nanoseconds)")
        for (tier, prices) in entry.tiers.sorted(by: { $0.key < $1.key }) {
            add("tier \(tier)")
            if let multiple = prices.multiple {
                add("\(multiple.ratio.numerator)/\(multiple.ratio.denominator) of \(multiple.base)")
            }
            add(prices.prices)
            for window in prices.windows {
                add("window \(window.schedule)")
                add(window.prices)
            }
        }
        let hex = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }
}
