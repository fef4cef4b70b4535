import EngineHTTP
import Testing

@Suite("How long an engine asks to be left alone") struct RetryAfterTests {
    static let now = "Sun, 22 Nov 2026 07:28:00 GMT"

    @Test(
        "is read as seconds, as milliseconds and as a date, up to an hour",
        arguments: [
            ("30", Duration.seconds(30)), ("0.5", .milliseconds(500)), ("0", .zero), ("100", .seconds(100)),
            ("7200", .seconds(3_600)), ("99999999999999999999", .seconds(3_600)), ("30, 7", .seconds(30)),
            ("Sun, 22 Nov 2026 07:29:40 GMT", .seconds(100)), ("Wed, 25 Nov 2026 07:28:00 GMT", .seconds(3_600)),
            ("Sun, 22 Nov 2020 07:28:00 GMT", .zero), ("abc", nil), ("-3", nil), ("inf", nil), ("nan", nil), ("", nil),
            ("30, soon", nil), ("Sun, 22 Foo 2026 07:29:40 GMT", nil), ("Sun, 32 Nov 2026 07:29:40 GMT", nil),
        ] as [(String, Duration?)])
    func seconds(_ text: String, _ wait: Duration?) {
        #expect(RetryAfter.read { ["retry-after": text, "date": Self.now][$0] } == wait)
    }

    @Test("in milliseconds comes first, and a date is read by the engine's own clock only") func others() {
        #expect(RetryAfter.read { ["retry-after-ms": "1500", "retry-after": "9"][$0] } == .milliseconds(1_500))
        #expect(RetryAfter.read { ["retry-after-ms": "soon", "retry-after": "9"][$0] } == .seconds(9))
        #expect(RetryAfter.read { ["retry-after": "Sun, 22 Nov 2026 07:29:40 GMT"][$0] } == nil)
        #expect(RetryAfter.read { _ in nil } == nil)
    }
}
