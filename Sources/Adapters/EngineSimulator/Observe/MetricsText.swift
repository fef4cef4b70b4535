import OpenAIWire

/// Writes the engine's numbers in Prometheus' text format, with vLLM's names where vLLM has the number.
struct MetricsText {
    private(set) var bytes: [UInt8] = []
    private let labels: [UInt8]

    init(model: String) {
        var labels: [UInt8] = []
        labels.append("engine=\"0\",model_name=")
        JSONWriter.appendQuoted(model, to: &labels)
        self.labels = labels
        self.bytes.reserveCapacity(16_384)
    }

    mutating func gauge(_ name: StaticString, _ help: StaticString, _ value: Double) {
        self.head(name, help, "gauge")
        self.sample(name, value: value.description)
    }

    mutating func counter(_ name: StaticString, _ help: StaticString, _ value: UInt64) {
        self.head(name, help, "counter")
        self.sample(name, value: String(value))
    }

    /// A counter with one more label; its values must not need escaping.
    mutating func counter(
        _ name: StaticString, _ help: StaticString, by label: StaticString, _ values: [(String, UInt64)]
    ) {
        self.head(name, help, "counter")
        for (value, count) in values {
            var extra: [UInt8] = []
            extra.append(label)
            extra.append("=")
            JSONWriter.appendQuoted(value, to: &extra)
            self.sample(name, extra: extra, value: String(count))
        }
    }

    mutating func histogram(_ name: StaticString, _ help: StaticString, _ histogram: DurationHistogram) {
        self.head(name, help, "histogram")
        var below: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            below += count
            var extra: [UInt8] = []
            extra.append("le=\"")
            extra.append(utf8: index < histogram.bounds.count ? histogram.bounds[index].description : "+Inf")
            extra.append("\"")
            self.sample(name, suffix: "_bucket", extra: extra, value: String(below))
        }
        self.sample(name, suffix: "_sum", value: (Double(histogram.sumNanoseconds) / 1e9).description)
        self.sample(name, suffix: "_count", value: String(histogram.total))
    }

    private mutating func head(_ name: StaticString, _ help: StaticString, _ type: StaticString) {
        self.bytes.append("# HELP ")
        self.bytes.append(name)
        self.bytes.append(" ")
        self.bytes.append(help)
        self.bytes.append("\n# TYPE ")
        self.bytes.append(name)
        self.bytes.append(" ")
        self.bytes.append(type)
        self.bytes.append("\n")
    }

    private mutating func sample(
        _ name: StaticString, suffix: StaticString = "", extra: [UInt8] = [], value: String
    ) {
        self.bytes.append(name)
        self.bytes.append(suffix)
        self.bytes.append("{")
        self.bytes.append(contentsOf: self.labels)
        if !extra.isEmpty {
            self.bytes.append(",")
            self.bytes.append(contentsOf: extra)
        }
        self.bytes.append("} ")
        self.bytes.append(utf8: value)
        self.bytes.append("\n")
    }
}
