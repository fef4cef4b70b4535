/// The rules that promtool checks, and those of this house, over a text in Prometheus' exposition format.
enum ExpositionRules {
    private struct Family {
        var type = ""
        var hasHelp = false
        var samples = 0
    }

    private static let suffixes = ["_bucket", "_sum", "_count"]

    /// What is wrong, a sentence each.
    static func violations(_ text: String) -> [String] {
        var found: [String] = []
        var families: [String: Family] = [:]
        var seen: Set<String> = []
        var cumulative: [String: Double] = [:]
        var latest: String?
        if !text.hasSuffix("\n") { found.append("the last line has no end") }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map { String($0) }
            if line.hasPrefix("# HELP ") {
                if families[words[2]] != nil { found.append("\(words[2]) has two families") }
                families[words[2], default: Family()].hasHelp = words.count > 3
                latest = words[2]
            } else if line.hasPrefix("# TYPE ") {
                if latest != words[2] { found.append("\(words[2]) has its type without its help") }
                families[words[2], default: Family()].type = words[3]
                found += Self.badName(words[2], type: words[3])
            } else {
                found += Self.sample(String(line), latest, &families, &seen, &cumulative)
            }
        }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.hasHelp || family.type.isEmpty {
            found.append("\(name) has no help or no type")
        }
        return found
    }

    private static func badName(_ name: String, type: String) -> [String] {
        var found: [String] = []
        if name.wholeMatch(of: #/ebb_[a-z0-9]+(_[a-z0-9]+)*/#) == nil { found.append("\(name) is not a name of ours") }
        if (type == "counter") != name.hasSuffix("_total") { found.append("\(name): _total is for counters, for all") }
        if !["counter", "gauge", "histogram"].contains(type) { found.append("\(name) is a \(type)") }
        for unit in ["milliseconds", "ms", "minutes", "kilobytes", "percent"] where name.contains("_\(unit)") {
            found.append("\(name) is not in a base unit")
        }
        return found
    }

    private static func sample(
        _ line: String, _ latest: String?, _ families: inout [String: Family], _ seen: inout Set<String>,
        _ cumulative: inout [String: Double]
    ) -> [String] {
        guard let parts = line.wholeMatch(of: #/([a-z0-9_]+)(\{(.*)\})? (\S+)/#), let value = Double(parts.4) else {
            return ["not a sample: \(line)"]
        }
        var found: [String] = []
        let name = String(parts.1)
        let labels = String(parts.3 ?? "")
        var family = name
        if families[name] == nil, let suffix = Self.suffixes.first(where: { name.hasSuffix($0) }) {
            family = String(name.dropLast(suffix.count))
        }
        if families[family] == nil || family != latest { found.append("\(name) stands outside of its family") }
        families[family]?.samples += 1
        if !seen.insert(name + labels).inserted { found.append("\(name){\(labels)} is there twice") }
        let pairs = labels.matches(of: #/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(,|$)/#)
        if pairs.reduce(0, { $0 + $1.0.count }) != labels.count { found.append("labels of \(line)") }
        if !value.isFinite { found.append("\(line) is no number") }
        if families[family]?.type == "counter", value < 0 { found.append("\(line) counts below nothing") }
        guard name.hasSuffix("_bucket"), let edge = pairs.last, edge.1 == "le" else { return found }
        let series = name + labels.dropLast(edge.0.count)
        if value < cumulative[series] ?? 0 { found.append("\(line) is less than the bucket before") }
        cumulative[series] = edge.2 == "+Inf" ? nil : value
        return found
    }
}
