import ConfigurationYAML
package import Logging
import OpenAIWire
import Quantities

/// Logs on standard error, as text for people or one JSON object a line for machines.
enum Logs {
    static func make(_ configuration: LogConfiguration) -> Logger {
        let format = configuration.format
        var logger = Logger(label: "ebb") { label -> any LogHandler in
            if format == .json { return OneLineLogHandler(JSONLogHandler()) }
            return OneLineLogHandler(StreamLogHandler.standardError(label: label))
        }
        logger.logLevel = Logger.Level(rawValue: configuration.level.rawValue) ?? .info
        return logger
    }
}

/// Keeps what others wrote (engines, clients) from writing lines of its own: a value has at most `valueMax` characters,
/// and those that control a terminal, a line or the direction of writing are escaped.
package struct OneLineLogHandler: LogHandler {
    package static let valueMax = 1_000

    private var inner: any LogHandler

    package init(_ inner: any LogHandler) { self.inner = inner }

    package var metadata: Logger.Metadata {
        get { self.inner.metadata }
        set { self.inner.metadata = newValue }
    }

    package var logLevel: Logger.Level {
        get { self.inner.logLevel }
        set { self.inner.logLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.inner[metadataKey: key] }
        set { self.inner[metadataKey: key] = newValue }
    }

    package func log(event: LogEvent) {
        var event = event
        event.metadata = event.metadata?.mapValues { .string(Self.escaped($0.description)) }
        self.inner.log(event: event)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(Self.valueMax) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += scalar.escaped(asASCII: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > Self.valueMax ? result + "…" : result
    }
}

/// One JSON object a line.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("time", SystemClock().now.rfc3339)
        writer.member("level", event.level.rawValue)
        writer.member("message", event.message.description)
        let all = self.metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { writer.member(key, value.description) }
        writer.endObject()
        Console.error(String(decoding: writer.bytes, as: UTF8.self))
    }
}
