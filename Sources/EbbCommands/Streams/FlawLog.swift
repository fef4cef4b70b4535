/// Tells people on standard error which lines could not be used, the first hundred by number.
package struct FlawLog {
    private static let shownMax = 100

    private let input: String
    private let complain: (String) -> Void
    package private(set) var count = 0

    package init(input: String, complain: @escaping (String) -> Void = { Console.error($0) }) {
        self.input = input
        self.complain = complain
    }

    /// - Parameter before: lines of the input before the result's block.
    mutating func add(_ result: LineResult, after before: Int) {
        let room = Self.shownMax - self.count
        for flaw in result.flaws.prefix(max(0, room)) {
            self.complain("\(self.input):\(before + flaw.line): \(flaw.message)")
        }
        self.count += result.flawCount
    }

    mutating func finish() {
        guard self.count > Self.shownMax else { return }
        self.complain("\(self.input): and \(Figures.count(self.count - Self.shownMax, "more line"))")
    }
}
