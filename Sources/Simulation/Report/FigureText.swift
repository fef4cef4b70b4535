public import Quantities

/// Numbers of a simulation as people read them.
public enum FigureText {
    /// Thousands apart: 1,234,567.
    public static func count(_ number: Int) -> String {
        let digits = String(number.magnitude).utf8.map { $0 }
        var text: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(UInt8(ascii: ",")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A fixed number of decimals, rounded half away from zero; `-` when it is no number.
    public static func decimal(_ value: Double, _ digits: Int) -> String {
        var unit = 1.0
        for _ in 0..<digits { unit *= 10 }
        let scaled = (value * unit).rounded()
        guard scaled.magnitude < 9e15 else { return "-" }
        let whole = Int(scaled)
        var text = String(whole.magnitude)
        while text.utf8.count <= digits { text = "0" + text }
        let sign = whole < 0 ? "-" : ""
        return digits == 0 ? sign + text : "\(sign)\(text.dropLast(digits)).\(text.suffix(digits))"
    }

    /// Three digits or so: 9.8 ms, 585 ms, 2.31 s, 30.6 s, 312 s.
    public static func time(_ nanoseconds: Int64) -> String {
        let milliseconds = Double(nanoseconds) / 1e6
        if milliseconds < 99.95 { return self.decimal(milliseconds, 1) + " ms" }
        if milliseconds < 999.5 { return self.decimal(milliseconds, 0) + " ms" }
        let seconds = milliseconds / 1e3
        return self.decimal(seconds, seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0) + " s"
    }

    /// 45 s, 30 min, 58 min 22 s, 24 h, 1 h 05 min.
    public static func span(_ nanoseconds: Int64) -> String {
        let seconds = Int((Double(nanoseconds) / 1e9).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 {
            return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(two(seconds % 60)) s"
        }
        let minutes = (seconds + 30) / 60
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(two(minutes % 60)) min"
    }

    /// Dollars with two decimals, or with six below a dime; rounded half away from zero.
    public static func dollars(_ amount: Money) -> String {
        let magnitude = Int128(amount.picodollars.magnitude)
        let unit: Int128 = magnitude >= Money.picodollarsPerDollar / 10 ? 10_000_000_000 : 1_000_000
        let rounded = (magnitude + unit / 2) / unit * unit
        return Money(picodollars: amount.picodollars < 0 ? -rounded : rounded).description
    }

    public static func percent(_ share: Double) -> String { self.decimal(share * 100, 1) + " %" }
}
