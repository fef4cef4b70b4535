/// The time between two tokens as a line over the number of sequences: `alone + each * sequences`, learnt from what was
/// seen, older pairs counting less.
///
/// Background work slows interactive streams by making each step of the engine longer. How long a step would be without
/// it cannot be read off the least gap ever seen once background work never stops; the line tells it at any mixture.
package struct GapModel: Sendable {
    package init() {}

    /// Weight of a pair after the next one: half after about 3,500 pairs, two or three minutes of one stream.
    private static let memory = 0.9998
    private var weight = 0.0
    private var sumX = 0.0
    private var sumY = 0.0
    private var sumXX = 0.0
    private var sumXY = 0.0
    package private(set) var alone = 0.0
    package private(set) var each = 0.0

    package mutating func observe(gap: Double, sequences: Double) {
        self.weight = self.weight * Self.memory + 1
        self.sumX = self.sumX * Self.memory + sequences
        self.sumY = self.sumY * Self.memory + gap
        self.sumXX = self.sumXX * Self.memory + sequences * sequences
        self.sumXY = self.sumXY * Self.memory + sequences * gap
        let spread = self.sumXX - self.sumX * self.sumX / self.weight
        // Without different mixtures there is no slope to be learnt; keep the one from before.
        let mean = self.sumX / self.weight
        if spread > max(4, 0.02 * mean * mean) * self.weight {
            let slope = (self.sumXY - self.sumX * self.sumY / self.weight) / spread
            self.each = max(0, slope)
        }
        self.alone = max(0, (self.sumY - self.each * self.sumX) / self.weight)
    }

    /// The gap at this number of sequences, seconds; nil before the first pair.
    package func gap(at sequences: Double) -> Double? { self.weight > 0 ? self.alone + self.each * sequences : nil }
}
