import Quantities
import Testing

@Suite("Quantities")
struct QuantitiesTests {
    @Test(
        "decimal dollars survive the way in and out exactly",
        arguments: ["0", "0.005615", "1440", "-0.5", "0.000000000001", "9223372.036854775807", "0.00000425"])
    func moneyRoundTrip(text: String) throws {
        #expect(try Money(decimalDollars: text).decimalDollars == text)
    }

    @Test("decimal text equals its plain definition, at the limits too", arguments: 0..<64 as Range<UInt64>)
    func decimalText(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var numbers: [Int128] = [0, 1, -1, 9, 10, -10, Int128(UInt64.max), Int128(UInt64.max) + 1, .max, .min]
        for digits in 0..<38 {
            let power = (0..<digits).reduce(Int128(1)) { product, _ in product * 10 }
            numbers += [power, -power, power - 1, power * Int128.random(in: 0..<10, using: &generator)]
        }
        for number in numbers {
            let fraction = Int.random(in: 0...36, using: &generator)
            let least = Int.random(in: 0...fraction, using: &generator)
            var plain = String(number.magnitude)
            plain = String(repeating: "0", count: max(0, fraction + 1 - plain.count)) + plain
            var decimals = String(plain.suffix(fraction))
            while decimals.count > least, decimals.hasSuffix("0") { decimals.removeLast() }
            plain = (number < 0 ? "-" : "") + plain.dropLast(fraction) + (decimals.isEmpty ? "" : "." + decimals)
            #expect(DecimalText.text(units: number, fractionDigits: fraction, minimumFractionDigits: least) == plain)
        }
    }

    @Test("exponents are read exactly and a thirteenth decimal is refused")
    func exponents() throws {
        #expect(try Money(decimalDollars: "1.5e-07").picodollars == 150_000)
        #expect(throws: QuantityError.self) { try Money(decimalDollars: "1e-13") }
        #expect(throws: QuantityError.self) { try Money(decimalDollars: "1.0.0") }
        #expect(throws: QuantityError.self) { try Money(decimalDollars: "") }
    }

    @Test(
        "exponents beyond any number here are refused",
        arguments: ["1e61", "1e-61", "0e\(Int.max)", "1e\(Int.min)", "1e9223372036854775808", "1e-9223372036854775809"])
    func hugeExponents(text: String) {
        #expect(throws: QuantityError.malformed(text)) { try DecimalText.units(text, fractionDigits: 9) }
    }

    @Test("people see at least two decimals and never a rounded amount")
    func display() throws {
        #expect(try Money(decimalDollars: "1440").description == "$1440.00")
        #expect(try Money(decimalDollars: "-0.5").description == "-$0.50")
        #expect(try Money(decimalDollars: "0.000008775").description == "$0.000008775")
    }

    @Test("a charge beyond 64 bits is an error when stored, not a wrap")
    func storedOverflow() throws {
        let large = Money(dollars: 10_000_000)
        #expect(throws: QuantityError.overflow) { try large.storedPicodollars }
        #expect(throws: QuantityError.overflow) { try Money(picodollars: .max).adding(Money(picodollars: 1)) }
    }

    @Test(
        "RFC 3339 moments",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)), ("2026-11-22T01:10:55Z", 1_795_309_855),
            ("2024-02-29", 1_709_164_800), ("2026-11-22T06:40:55+05:30", 1_795_309_855),
        ])
    func moments(text: String, seconds: Int64) throws {
        #expect(try Instant(rfc3339: text).seconds == seconds)
    }

    @Test(
        "bad dates are refused, and years that nanoseconds cannot count",
        arguments: [
            "2026-13-01", "2026-02-30", "tomorrow", "2026-11-22T25:00Z", "", "9999-01-01T00:00:00Z",
            "2262-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
        ])
    func badDates(text: String) {
        #expect(throws: QuantityError.self) { try Instant(rfc3339: text) }
    }

    @Test("moments too far away saturate, and so does the time between two")
    func farMoments() throws {
        #expect(Instant(seconds: .max) == Instant(nanoseconds: .max))
        #expect(Instant(seconds: .min) == Instant(nanoseconds: .min))
        #expect(try Instant(rfc3339: "2261-12-31T23:59:60.999999999-23:59").seconds > 0)
        #expect(try Instant(rfc3339: "1678-01-01T00:00:00+23:59").seconds < 0)
        let (first, last) = (Instant(nanoseconds: .min), Instant(nanoseconds: .max))
        #expect(last.since(first) == .nanoseconds(Int64.max) && first.since(last) == .nanoseconds(Int64.min))
        #expect(last.seconds(since: first) > 9e9)
    }

    @Test("seconds that no duration can hold saturate")
    func longSeconds() {
        let longest = Duration.seconds(saturating: 1e300).secondsApproximate
        #expect(longest > 9.2e9 && longest < 9.3e9)
        #expect(Duration.seconds(saturating: -.infinity).secondsApproximate == -longest)
        #expect(Duration.seconds(saturating: .nan) == .zero)
        #expect(Duration.seconds(saturating: 1.5) == .milliseconds(1_500))
    }

    @Test("a tier that an engine names is a name", arguments: ["priority", "flex-2", "a.b_C9"])
    func answeredTier(text: String) { #expect(TierName(answered: text)?.text == text) }

    @Test(
        "what could be more than a tier's name is none",
        arguments: [
            "", "auto", "default\r\nset-cookie: a=b", "flex flex", "flex\u{0}", "größe",
            String(repeating: "a", count: 65),
        ])
    func answeredNonsense(text: String) { #expect(TierName(answered: text) == nil) }

    @Test("weekdays follow ISO 8601")
    func weekdays() {
        #expect(CivilTime.weekday(ofDay: CivilTime(year: 2026, month: 11, day: 22).daysSinceEpoch) == 7)
        #expect([-4, -3, 0, 3, 4].map(CivilTime.weekday) == [7, 1, 4, 7, 1])
        #expect(CivilTime(Instant(seconds: -1)).year == 1969)
    }

    @Test("every day of four centuries converts both ways")
    func civilRoundTrip() {
        for day in stride(from: Int64(-80_000), through: 80_000, by: 1) {
            let time = CivilTime(Instant(seconds: day * 86_400))
            #expect(time.daysSinceEpoch == day)
        }
    }

    @Test("usage that contradicts itself is named, not clamped")
    func usage() {
        #expect(TokenUsage(input: 2_006, cachedInput: 1_920, output: 300).inconsistency == nil)
        #expect(TokenUsage(input: 2, cachedInput: 129_017).inconsistency != nil)
        #expect(TokenUsage(input: -1).inconsistency != nil)
        #expect(TokenUsage(input: 5, output: 3, reasoningOutput: 4).inconsistency != nil)
    }

    @Test("windows", arguments: [("24h", Int64(86_400)), ("90m", 5_400), ("2d", 172_800)])
    func windows(text: String, seconds: Int64) throws {
        #expect(try CompletionWindow(text).seconds == seconds)
        #expect(throws: QuantityError.self) { try CompletionWindow("soon") }
        #expect(throws: QuantityError.self) { try CompletionWindow("0h") }
        #expect(throws: QuantityError.self) { try CompletionWindow("31d") }
    }

    @Test("ids carry their prefix and do not repeat")
    func identifiers() {
        var generator = SeededGenerator(seed: 1)
        let a = BatchID.random(using: &generator)
        let b = BatchID.random(using: &generator)
        #expect(a != b && a.text.hasPrefix("batch_") && a.text.utf8.count == 38)
    }
}
