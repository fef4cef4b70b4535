import Quantities
import Scheduling
import Simulation

/// Options to values; every failure names the option.
extension SimulateOptions {
    static let enginesMax = 64
    static let backlogMax = 5_000_000
    /// Seconds: 30 days.
    static let durationMax: Int64 = 2_592_000
    /// Numbers of engines that are tried for `--move` where none are named.
    static let moveEngines = Array(1...8)
    static let moveObjectives = "ttft_p99=1s,gap_p99=100ms"

    func readFormat() throws(CommandFailure) -> TraceFormat? {
        guard let text = self.format else { return nil }
        guard let format = TraceFormat(rawValue: text) else {
            throw CommandFailure("--format '\(text)' is none of azure, mooncake, ebb")
        }
        return format
    }

    /// Where the page goes: not to a file that is read.
    func readPage() throws(CommandFailure) -> String? {
        guard let page = self.html else { return nil }
        for (name, path) in [("the trace", self.trace), ("--batch", self.batch), ("--config", self.config)] {
            guard let path, OutputFile.isSame(page, as: path) else { continue }
            throw CommandFailure("--html '\(page)' is \(name), which the page would replace")
        }
        return page
    }

    func readShape() throws(CommandFailure) -> SteppedEngineShape {
        guard var shape = SteppedEngineShape.presets[self.engine] else {
            throw CommandFailure("--engine '\(self.engine)' is none of h100, l4, desk, wide")
        }
        if let slots = self.slots {
            guard (1...4_096).contains(slots) else { throw CommandFailure("--slots \(slots) is not within 1 and 4096") }
            shape.slots = slots
            shape.stepTokens = max(shape.stepTokens, slots)
        }
        return shape
    }

    /// Rising, each number once.
    func readEngines() throws(CommandFailure) -> [Int] {
        var counts: Set<Int> = []
        for part in self.engines.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: ".", omittingEmptySubsequences: false)
            if let count = Int(part) {
                counts.insert(count)
            } else if ends.count == 3, ends[1].isEmpty, let first = Int(ends[0]), let last = Int(ends[2]),
                first <= last,
                last <= Self.enginesMax
            {
                counts.formUnion(first...last)
            } else {
                throw CommandFailure("--engines '\(self.engines)' is no number, list (1,2,4) or range (1..8)")
            }
        }
        guard counts.allSatisfy({ (1...Self.enginesMax).contains($0) }) else {
            throw CommandFailure("--engines '\(self.engines)' is not within 1 and \(Self.enginesMax)")
        }
        return counts.sorted()
    }

    /// - Parameter standard: names where none are given.
    func readPolicies(default standard: [String]) throws(CommandFailure) -> [Study.Policy] {
        let profiles = try self.readProfiles()
        let names = self.policy.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        var policies: [Study.Policy] = []
        for name in names.isEmpty ? standard : names {
            switch name {
            case "alone": policies.append(Study.Policy(name, .alone))
            case "flood": policies.append(Study.Policy(name, .flood))
            case "engine-priority": policies.append(Study.Policy(name, .floodWithPriority))
            case "ebb": policies += profiles.map { Study.Policy("ebb \($0.name)", .ebb($0.protection)) }
            default: throw CommandFailure("--policy '\(name)' is none of ebb, flood, engine-priority, alone")
            }
        }
        var seen: Set<String> = []
        return policies.filter { seen.insert($0.name).inserted }
    }

    private func readProfiles() throws(CommandFailure) -> [Profile] {
        let texts = self.profile.flatMap(Profile.texts)
        var profiles: [Profile] = []
        for text in texts.isEmpty ? ["balanced"] : texts {
            guard let profile = Profile(parsing: text) else {
                throw CommandFailure(
                    "--profile '\(text)' is none of protect, balanced, throughput, none, slo:ttft=800ms,gap=60ms")
            }
            profiles.append(profile)
        }
        return profiles
    }

    func readObjectives() throws(CommandFailure) -> [Objective] {
        var objectives: [Objective] = []
        let texts = self.slo.isEmpty && self.move != nil ? [Self.moveObjectives] : self.slo
        for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            guard let objective = Objective(parsing: text) else {
                throw CommandFailure("--slo '\(text)' is not as in ttft_p99=500ms, gap_p99=50ms or e2e_p50=10s")
            }
            objectives.append(objective)
        }
        return objectives
    }

    func readMove() throws(CommandFailure) -> Move? {
        guard let text = self.move else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasSuffix("%"), let percent = Double(parts[0].dropLast()), percent > 0,
            percent <= 100
        else { throw CommandFailure("--move '\(text)' is not as in 40%:batch") }
        let tier = TierName(String(parts[1]))
        if tier == .flex { return Move(share: percent / 100, tier: tier, window: nil) }
        if tier == .batch { return Move(share: percent / 100, tier: tier, window: try self.readWindow()) }
        guard let window = try? CompletionWindow(parts[1]) else {
            throw CommandFailure("--move '\(text)': the tier is none of batch, flex, or a window such as 2h")
        }
        return Move(share: percent / 100, tier: tier, window: window.duration.nanosecondsClamped)
    }

    /// Nanoseconds.
    func readWindow() throws(CommandFailure) -> Int64 {
        guard let window = try? CompletionWindow(self.window) else {
            throw CommandFailure("--window '\(self.window)' is not a time such as 2h, 24h, 7d")
        }
        return window.duration.nanosecondsClamped
    }

    /// Nanoseconds.
    func readDuration() throws(CommandFailure) -> Int64? {
        guard let text = self.duration else { return nil }
        var seconds: Int64?
        if text.hasSuffix("s") {
            seconds = Int64(text.dropLast())
        } else {
            seconds = (try? CompletionWindow(text))?.seconds
        }
        guard let seconds, seconds > 0, seconds <= Self.durationMax else {
            throw CommandFailure("--duration '\(text)' is not a time such as 90s, 30m, 24h, at most 30d")
        }
        return seconds * 1_000_000_000
    }

    func readRate() throws(CommandFailure) -> Double {
        guard self.rate > 0, self.rate <= 100 else {
            throw CommandFailure("--rate \(self.rate) is not above 0 and at most 100")
        }
        return self.rate
    }

    func readEngineCost() throws(CommandFailure) -> Money? {
        guard let text = self.engineCost else { return nil }
        guard let money = try? Money(decimalDollars: text), money >= .zero, money <= Money(dollars: 1_000_000) else {
            throw CommandFailure("--engine-cost '\(text)' is not an amount of dollars such as 2.50")
        }
        return money
    }

    func readBacklog() throws(CommandFailure) -> Int? {
        guard let lines = self.backlog else { return nil }
        guard (0...Self.backlogMax).contains(lines) else {
            throw CommandFailure("--backlog \(lines) is not within 0 and \(Self.backlogMax)")
        }
        if lines > 0, self.batch != nil { throw CommandFailure("--batch and --backlog exclude each other") }
        return lines
    }
}
