import ConfigurationYAML
import Logging
import OpenAIWire
import Quantities

/// Logs on standard error, as text for people or one JSON object a line for machines.
enum Logs {
    static func make(_ configuration: LogConfiguration) -> Logger {
        let format = configuration.format
        var logger = Logger(label: "ebb") { label -> any LogHandler in
            if format == .json { return JSONLogHandler() }
            return StreamLogHandler.standardError(label: label)
        }
        logger.logLevel = Logger.Level(rawValue: configuration.level.rawValue) ?? .info
        return logger
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
