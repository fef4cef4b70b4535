import Quantities
import Routing
import Testing

@Suite("Routing")
struct RoutingTests {
    @Test(
        "engine URLs end in /v1 however they are written",
        arguments: [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"), ("http://h/v1/", "http://h:80/v1"),
            ("https://api.example.com/openai", "https://api.example.com:443/openai/v1"),
            ("http://[::1]:9", "http://[::1]:9/v1"),
        ])
    func urls(text: String, shown: String) throws {
        #expect(try EngineURL(text).description == shown)
    }

    @Test(
        "a Host names no usual port, and an IPv6 address in brackets",
        arguments: [
            ("http://[::1]:18436", "[::1]:18436"), ("http://[::1]", "[::1]"), ("https://[fe80::2]:443/v1", "[fe80::2]"),
            ("http://h:443", "h:443"), ("http://127.0.0.1:80/x", "127.0.0.1"), ("https://h.example", "h.example"),
        ])
    func authority(text: String, host: String) throws {
        #expect(try EngineURL(text).authority == host)
    }

    @Test(
        "unusable URLs say why",
        arguments: ["ftp://h", "http://", "http://h:0", "http://u@h", "http://h?x=1", "http://h:99999"])
    func badURLs(text: String) {
        #expect(throws: RoutingError.self) { try EngineURL(text) }
    }

    @Test("a table with a double name or a missing engine is refused")
    func tables() throws {
        let engine = Engine(id: "a", url: try EngineURL("http://h"), kind: .vllm)
        #expect(throws: RoutingError.duplicateEngine("a")) {
            try RoutingTable(engines: [engine, engine], aliases: [:])
        }
        #expect(throws: RoutingError.unknownEngine(alias: "m", engine: "b")) {
            try RoutingTable(engines: [engine], aliases: ["m": [EngineTarget(engine: "b", engineModel: "m")]])
        }
        #expect(throws: RoutingError.emptyAlias("m")) { try RoutingTable(engines: [engine], aliases: ["m": []]) }
    }

    @Test("answers are fetched as streams from engines of our own, as asked from bought ones")
    func streams() throws {
        let url = try EngineURL("http://127.0.0.1:1")
        for kind in EngineKind.allCases {
            #expect(Engine(id: "e", url: url, kind: kind).stream == (kind == .openai ? .asAsked : .always), "\(kind)")
        }
    }

    static let failures: [(Int, String, String, EngineFailure.Kind)] = [
        (400, "", "", .clientFault), (404, "model_not_found", "", .clientFault), (401, "", "", .credential),
        (403, "", "", .credential), (408, "", "", .timeout(.total)), (429, "rate_limit_exceeded", "", .capacity),
        (429, "rate_limit_exceeded", "Request too large for m", .clientFault),
        (429, "insufficient_quota", "", .billing),
        (429, "credit_balance_exhausted", "", .billing), (503, "slow_down", "", .capacity), (498, "", "", .capacity),
        (409, "", "", .fault),
        (500, "", "", .fault), (502, "", "", .fault), (500, "context_length_exceeded", "", .clientFault),
    ]

    @Test("an engine's answer has one class", arguments: failures)
    func classified(status: Int, code: String, message: String, kind: EngineFailure.Kind) {
        let failure = FailureClassifier.classify(
            status: status, code: code, type: "", message: message, retryAfter: nil, body: [])
        #expect(failure.kind == kind)
    }

    @Test("a request that is too long is the client's, with a client's status", arguments: [400, 413, 500, 503])
    func tooLong(_ status: Int) {
        let failure = FailureClassifier.classify(
            status: status, code: "context_length_exceeded", type: "", message: "", retryAfter: nil, body: [])
        #expect(failure.kind == .clientFault && failure.status == (status < 500 ? status : 400))
    }

    @Test("nothing that was produced is repeated, and no attempt beyond the third is made")
    func retries() {
        let rule = RetryRule()
        var fault = EngineFailure(.fault, message: "x")
        #expect(rule.decide(fault, attempt: 1, othersLeft: true, jitter: 0) == .elsewhere)
        #expect(rule.decide(fault, attempt: 1, othersLeft: false, jitter: 0) == .after(.milliseconds(150)))
        #expect(rule.decide(fault, attempt: 3, othersLeft: true, jitter: 0) == .giveUp)
        fault.produced = true
        #expect(rule.decide(fault, attempt: 1, othersLeft: true, jitter: 0) == .giveUp)
        let asked = EngineFailure(.capacity, message: "x", retryAfter: .seconds(30))
        #expect(rule.decide(asked, attempt: 1, othersLeft: false, jitter: 0) == .giveUp)
        #expect(
            rule.decide(EngineFailure(.clientFault, message: "x"), attempt: 1, othersLeft: true, jitter: 0) == .giveUp)
    }

    @Test("a breaker opens after five faults, admits one probe, and doubles its pause when that fails")
    func breaker() {
        var health = EngineHealth()
        var now = Instant(seconds: 0)
        let fault = EngineFailure(.unreachable, message: "x")
        for _ in 0..<4 { health.failed(fault, now: now) }
        let stillOpen = health.admits(now: now)
        #expect(stillOpen)
        health.failed(fault, now: now)
        let closed = health.admits(now: now)
        #expect(!closed)
        now = now.advanced(by: .seconds(1))
        let probe = health.admits(now: now)
        let second = health.admits(now: now)
        #expect(probe && !second)
        health.failed(fault, now: now)
        let early = health.admits(now: now.advanced(by: .milliseconds(1_900)))
        let late = health.admits(now: now.advanced(by: .seconds(2)))
        #expect(!early && late)
        health.succeeded()
        #expect(health.state == .closed(failures: 0))
    }

    @Test("calls that were in flight when the breaker opened do not lengthen its pause")
    func lateFailures() {
        var health = EngineHealth()
        for _ in 0..<64 { health.failed(EngineFailure(.unreachable, message: "x"), now: Instant(seconds: 0)) }
        let early = health.admits(now: Instant(seconds: 0).advanced(by: .milliseconds(900)))
        let late = health.admits(now: Instant(seconds: 1))
        #expect(!early && late)
    }

    @Test("a busy engine is not a broken one")
    func busy() {
        var health = EngineHealth()
        for _ in 0..<20 { health.failed(EngineFailure(.capacity, message: "x"), now: Instant(seconds: 0)) }
        #expect(health.isAvailable(now: Instant(seconds: 0)))
    }

    private static let fault = EngineFailure(.fault, status: 500, message: "x")

    @Test("an engine that answers has been reached: its faults keep nobody from its other models")
    func faults() {
        let good = EngineTarget(engine: "a", engineModel: "good"), bad = EngineTarget(engine: "a", engineModel: "bad")
        var breakers = EngineBreakers()
        let now = Instant(seconds: 0)
        for count in 0..<50 {
            let isAdmitted = breakers.admits(bad, waits: false, now: now)
            #expect(isAdmitted, "interactive requests are sent all the same")
            breakers.finished(bad, of: RequestID("req_\(count)"), failure: Self.fault, now: now)
        }
        #expect(breakers.isAvailable("a", now: now) && breakers.isResting(bad, now: now))
        let line = breakers.admits(bad, waits: true, now: now)
        let other = breakers.admits(good, waits: true, now: now)
        #expect(!line && other && !breakers.isResting(good, now: now))
        let later = now.advanced(by: .seconds(1))
        let probe = breakers.admits(bad, waits: true, now: later)
        let second = breakers.admits(bad, waits: true, now: later)
        #expect(probe && !second)
        breakers.finished(bad, of: "req_probe", failure: nil, now: later)
        #expect(!breakers.isResting(bad, now: later) && breakers.isFailingNowhere)
    }

    @Test("five different requests must fail in a row: attempts of one, and one among good ones, do not count")
    func rowOfRequests() {
        let target = EngineTarget(engine: "a", engineModel: "m")
        var breakers = EngineBreakers()
        let now = Instant(seconds: 0)
        func run(_ request: RequestID, _ failure: EngineFailure?) {
            _ = breakers.admits(target, waits: false, now: now)
            breakers.finished(target, of: request, failure: failure, now: now)
        }
        for _ in 0..<20 { run("req_1", Self.fault) }
        for count in 2...4 { run(RequestID("req_\(count)"), Self.fault) }
        #expect(!breakers.isResting(target, now: now))
        run("req_good", nil)
        for count in 5...8 { run(RequestID("req_\(count)"), Self.fault) }
        #expect(!breakers.isResting(target, now: now))
        run("req_9", Self.fault)
        #expect(breakers.isResting(target, now: now))
    }

    @Test("what is in flight is counted for each engine, and an open breaker admits nothing")
    func inFlight() {
        let a = EngineTarget(engine: "a", engineModel: "m"), b = EngineTarget(engine: "b", engineModel: "m")
        var breakers = EngineBreakers()
        let now = Instant(seconds: 0)
        func admits(_ target: EngineTarget) -> Bool { breakers.admits(target, waits: false, now: now) }
        for _ in 0..<31 { #expect(admits(a)) }
        #expect(admits(b) && breakers.inFlight("a") == 31 && breakers.inFlight("b") == 1)
        breakers.released(a, now: now)
        let unreachable = EngineFailure(.unreachable, message: "x")
        for _ in 0..<30 { breakers.finished(a, of: "req_1", failure: unreachable, now: now) }
        #expect(!admits(a) && admits(b))
        #expect(breakers.inFlight("a") == 0 && breakers.inFlight("b") == 2)
    }
}
