public import Scheduling

/// A protection of interactive requests as it is written: `balanced`, `slo:ttft=800ms,gap=60ms`.
public struct Profile: Hashable, Sendable {
    public let name: String
    public let protection: Protection

    static let named: [String: Protection] = [
        "protect": .protect, "balanced": .balanced, "throughput": .throughput, "none": .none,
    ]
    static let prefix = "slo:"

    /// Reads one; nil when it is none.
    public init?(parsing text: some StringProtocol) {
        self.name = String(text)
        if let protection = Self.named[self.name] {
            self.protection = protection
            return
        }
        guard text.hasPrefix(Self.prefix) else { return nil }
        var limits: [Substring: Int64] = [:]
        for part in text.dropFirst(Self.prefix.count).split(separator: ",", omittingEmptySubsequences: false) {
            let sides = String(part).split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, limits[sides[0]] == nil, let limit = Objective.nanoseconds(String(sides[1]))
            else { return nil }
            limits[sides[0]] = limit
        }
        guard limits.count == 2, let firstToken = limits["ttft"], let gap = limits["gap"] else { return nil }
        self.protection = .objective(firstToken: .nanoseconds(firstToken), gap: .nanoseconds(gap))
    }

    /// The profiles of a list, each as it is written. Limits have commas, too: what follows `slo:` with an equals sign
    /// belongs to it.
    public static func texts(_ list: String) -> [String] {
        var texts: [String] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            if part.contains("="), !part.hasPrefix(Self.prefix), let last = texts.last, last.hasPrefix(Self.prefix) {
                texts[texts.count - 1] = "\(last),\(part)"
            } else {
                texts.append(String(part))
            }
        }
        return texts
    }
}
