import Gateway
import OpenAIWire
import Quantities

/// OTLP's JSON: protobuf's mapping with ids in hex, 64-bit integers as text and enumerations as numbers (OTLP
/// specification 1.x, "JSON Protobuf Encoding").
enum SpanText {
    static func message(_ spans: [Span], service: String, version: String) -> [UInt8] {
        let resource = self.object([
            (
                "attributes",
                .array([self.pair("service.name", .text(service)), self.pair("service.version", .text(version))])
            )
        ])
        let scope = self.object([("name", .string("ebb")), ("version", .string(version))])
        let scoped = self.object([("scope", scope), ("spans", .array(spans.map { self.value($0) }))])
        return self.object([
            (
                "resourceSpans",
                .array([self.object([("resource", resource), ("scopeSpans", .array([scoped]))])])
            )
        ]).encoded
    }

    private static func value(_ span: Span) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("traceId", .string(span.trace.text)), ("spanId", .string(span.idText)),
            ("name", .string(span.name)), ("kind", .integer(span.kind.rawValue)),
            ("startTimeUnixNano", self.time(span.start)), ("endTimeUnixNano", self.time(span.end)),
            ("attributes", .array(span.attributes.map { self.pair($0.name, $0.value) })),
        ]
        if let parent = span.parentText { members.append(("parentSpanId", .string(parent))) }
        if !span.events.isEmpty {
            members.append(
                (
                    "events",
                    .array(
                        span.events.map {
                            self.object([("timeUnixNano", self.time($0.at)), ("name", .string($0.name))])
                        })
                ))
        }
        if let error = span.error {
            // STATUS_CODE_ERROR
            members.append(("status", self.object([("code", .integer(2)), ("message", .string(error))])))
        }
        return self.object(members)
    }

    private static func time(_ instant: Instant) -> JSONValue { .string(String(instant.nanoseconds)) }

    private static func pair(_ name: String, _ value: Span.Value) -> JSONValue {
        let value =
            switch value {
            case .text(let text): self.object([("stringValue", .string(text))])
            case .integer(let number): self.object([("intValue", .string(String(number)))])
            case .number(let number): self.object([("doubleValue", .number(String(number)))])
            }
        return self.object([("key", .string(name)), ("value", value)])
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONValue.Member($0.0, $0.1) })
    }
}
