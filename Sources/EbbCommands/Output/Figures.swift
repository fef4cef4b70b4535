import Quantities

/// Numbers as people read them. Exact amounts are in the receipt file.
enum Figures {
    /// Dollars with two to six decimals, rounded half up; a smaller amount shows its first two digits.
    static func money(_ amount: Money) -> String {
        var unit: Int128 = 1_000_000
        while unit > 1, amount.picodollars.magnitude < unit * 10 { unit /= 10 }
        let magnitude = Int128(amount.picodollars.magnitude)
        let rounded = (magnitude + unit / 2) / unit * unit
        return Money(picodollars: amount.picodollars < 0 ? -rounded : rounded).description
    }

    /// Thousands apart: 1,234,567.
    static func count(_ number: Int64) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A number with what it counts: 1 line, 2 lines.
    static func count(_ number: some BinaryInteger, _ what: String) -> String {
        "\(Self.count(Int64(number))) \(what)\(number == 1 ? "" : "s")"
    }

    /// A decimal text with its whole digits in groups of three.
    static func count(decimal: String) -> String {
        let parts = decimal.split(separator: ".", maxSplits: 1)
        guard let whole = parts.first.flatMap({ Int64($0) }) else { return decimal }
        return parts.count == 2 ? "\(Self.count(whole)).\(parts[1])" : Self.count(whole)
    }

    /// One decimal: 45.1.
    static func tenths(_ number: Double) -> String {
        let scaled = Int64((number * 10).rounded())
        return "\(scaled / 10).\(abs(scaled % 10))"
    }

    /// 8.3 s, 2 min 05 s, 1 h 02 min.
    static func time(_ duration: Duration) -> String {
        let seconds = max(0, duration.secondsApproximate)
        if seconds < 60 { return "\(Self.tenths(seconds)) s" }
        let whole = Int64(seconds.rounded())
        if whole < 3_600 { return "\(whole / 60) min \(Self.two(whole % 60)) s" }
        return "\(whole / 3_600) h \(Self.two(whole % 3_600 / 60)) min"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
