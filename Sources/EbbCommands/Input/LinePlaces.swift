/// Which line of a file each converted line came from: one entry for each gap between them, such as a blank line.
package struct LinePlaces: Sendable {
    private struct Run {
        let first: Int
        /// What lies between the number of a converted line and that of its place.
        let shift: Int
    }

    private var runs: [Run] = []
    private var count = 0

    /// The next converted line came from line `line` of the file.
    mutating func append(_ line: Int) {
        self.count += 1
        let shift = line - self.count
        if self.runs.last?.shift != shift { self.runs.append(Run(first: self.count, shift: shift)) }
    }

    /// - Parameter number: of a converted line, from 1.
    package func line(_ number: Int) -> Int {
        number + (self.runs.last { $0.first <= number }?.shift ?? 0)
    }
}
