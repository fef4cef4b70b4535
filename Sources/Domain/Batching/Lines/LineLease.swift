/// The right to run one attempt at one line. A lease of an earlier process (another epoch) is worthless.
public struct LineLease: Hashable, Sendable {
    /// The boot epoch: a number that grows with every start of the process.
    public let epoch: UInt64
    /// The line, from 0.
    public let line: Int
    /// Which attempt at this line in this epoch, from 1.
    public let attempt: Int

    public init(epoch: UInt64, line: Int, attempt: Int) {
        self.epoch = epoch
        self.line = line
        self.attempt = attempt
    }
}
