/// What is wrong with the options of a simulated engine.
public enum SimulatorOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
    case emptyModel
    case outOfRange(String, Int, ClosedRange<Int>)
    case rate(String, Double)
    case duration(String, Duration)
    case faultSyntax(String)
    case faultRate(FaultKind, Double)
    case faultSum(Double)

    public var description: String {
        switch self {
        case .emptyModel: "the model's name is empty"
        case .outOfRange(let name, let value, let range):
            "\(name) is \(value); it must be between \(range.lowerBound) and \(range.upperBound)"
        case .rate(let name, let value):
            "\(name) is \(value); it must be between 0.001 and 1e9 tokens per second, or 0 or inf for at once"
        case .duration(let name, let value): "\(name) is \(value); it must be between 0 and 3600 seconds"
        case .faultSyntax(let text):
            "fault \"\(text)\" is not KIND=RATE with KIND one of "
                + FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
        case .faultRate(let kind, let rate): "fault \(kind.rawValue) has the rate \(rate); it must be between 0 and 1"
        case .faultSum(let sum): "the fault rates add up to \(sum); they may add up to 1"
        }
    }
}
