import Quantities
import Scheduling

/// The experiments of the scheduler (docs/benchmarks.md): each with its baselines, its bars and one table.
public enum Experiment: String, CaseIterable, Sendable {
    /// Isolation: how much slower interactive requests get beside a backlog, and how much of it is done.
    case e1
    /// Capacity: the limit that is found without tuning, against the best fixed one.
    case e2
    /// Deadlines: random sets of batches beside interactive work.
    case e3
    /// Fairness: shares and waits of projects that compete.
    case e4
    /// Prefix order: computed prompt tokens against the least possible.
    case e5
    /// Times that must hold beside a backlog.
    case slo
    /// What fixed limits and targets reach where a bar is missed.
    case frontier

    public static func named(_ name: String) -> Experiment? { Experiment(rawValue: name.lowercased()) }

    public static func run(_ experiment: Experiment, data: ExperimentData) -> ExperimentReport {
        switch experiment {
        case .e1: IsolationExperiment(data: data).run()
        case .e2: CapacityExperiment(data: data).run()
        case .e3: DeadlineExperiment(data: data).run()
        case .e4: FairnessExperiment(data: data).run()
        case .e5: PrefixExperiment(data: data).run()
        case .slo: ObjectiveExperiment(data: data).run()
        case .frontier: FrontierExperiment(data: data).run()
        }
    }
}

/// What the experiments run on.
public struct ExperimentData: Sendable {
    /// Azure 2023, conversation.
    public var conversation: Trace
    /// Azure 2023, code.
    public var code: Trace
    /// Mooncake, synthetic: with hashes of prompt blocks of 512 tokens.
    public var synthetic: Trace
    /// Fewer seeds and shorter runs, for a first look.
    public var isQuick: Bool
    /// A clock for what is measured in real time, seconds; nil: not measured.
    public var seconds: (@Sendable () -> Double)?

    public init(
        conversation: Trace, code: Trace, synthetic: Trace, isQuick: Bool = false,
        seconds: (@Sendable () -> Double)? = nil
    ) {
        self.conversation = conversation
        self.code = code
        self.synthetic = synthetic
        self.isQuick = isQuick
        self.seconds = seconds
    }
}

/// A table and what was demanded of it.
public struct ExperimentReport: Sendable {
    public struct Row: Sendable {
        public let label: String
        public let values: [String]
    }

    public struct Bar: Sendable {
        public let name: String
        public let value: Double
        public let limit: Double
        /// The value may be at most the limit; false: at least.
        public let isMost: Bool
        public var passed: Bool { self.isMost ? self.value <= self.limit : self.value >= self.limit }
    }

    public let name: String
    public let setup: String
    public let columns: [String]
    public internal(set) var rows: [Row] = []
    public internal(set) var bars: [Bar] = []

    init(_ experiment: Experiment, setup: String, columns: [String]) {
        self.name = experiment.rawValue.uppercased()
        self.setup = setup
        self.columns = columns
    }

    mutating func row(_ label: String, _ values: [String]) { self.rows.append(Row(label: label, values: values)) }

    mutating func bar(_ name: String, _ value: Double, atMost limit: Double) {
        self.bars.append(Bar(name: name, value: value, limit: limit, isMost: true))
    }

    mutating func bar(_ name: String, _ value: Double, atLeast limit: Double) {
        self.bars.append(Bar(name: name, value: value, limit: limit, isMost: false))
    }

    /// The table and the bars as Markdown.
    public var text: String {
        var lines = ["\(self.name): \(self.setup)", ""]
        lines.append("| | \(self.columns.joined(separator: " | ")) |")
        lines.append("|---|" + String(repeating: "--:|", count: self.columns.count))
        for row in self.rows { lines.append("| \(row.label) | \(row.values.joined(separator: " | ")) |") }
        lines += ["", "| bar | value | limit | |", "|---|--:|--:|---|"]
        for bar in self.bars {
            let limit = "\(bar.isMost ? "at most" : "at least") \(Self.figure(bar.limit, 3))"
            lines.append(
                "| \(bar.name) | \(Self.figure(bar.value, 3)) | \(limit) | \(bar.passed ? "met" : "**missed**") |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A number with at most this many digits after the point.
    static func figure(_ value: Double, _ digits: Int = 2) -> String {
        guard value.isFinite else { return "none" }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * Double(scale)).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let whole = Int64(scaled) / Int64(scale)
        var text = "\(value < 0 && scaled > 0 ? "-" : "")\(whole)"
        let rest = Int64(scaled) % Int64(scale)
        if digits > 0 {
            let part = String(rest)
            text += "." + String(repeating: "0", count: digits - part.count) + part
        }
        return text
    }
}

extension ExperimentData {
    static let minute: Int64 = 60_000_000_000

    /// A batch of a trace's requests, repeated as often as needed; due long after the end.
    static func backlog(_ trace: Trace, lines count: Int, id: String = "batch_backlog") -> SimulatedBatch {
        var lines: [TraceRequest] = []
        lines.reserveCapacity(count)
        while lines.count < count, !trace.requests.isEmpty {
            lines += trace.requests.prefix(count - lines.count)
        }
        return SimulatedBatch(id: .init(id), lines: lines, deadline: 60 * 24 * 60 * Self.minute)
    }
}
