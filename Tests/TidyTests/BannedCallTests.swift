import Testing

@Suite("What decides is told the time; what tests does not wait")
struct BannedCallTests {
    @Test("rooms and gateway hold no clock, randomness, task, crash or output of their own")
    func belowAdapters() {
        let files = RepositoryTree.shared.swift.filter(\.isBelowAdapters)
        #expect(files.count > 10)
        for call in BannedCall.belowAdapters { Violation.report(files.flatMap { call.violations(in: $0) }) }
        Violation.report(files.flatMap { UnseededRandom.violations(in: $0) })
    }

    @Test("tests neither sleep nor reach into private parts")
    func tests() {
        let files = RepositoryTree.shared.swift.filter { $0.isTest && BannedCall.mayWait[$0.path] == nil }
        #expect(files.count > 10)
        for call in BannedCall.inTests { Violation.report(files.flatMap { call.violations(in: $0) }) }
    }

    @Test("a file that may wait exists and says why")
    func mayWait() {
        for (path, reason) in BannedCall.mayWait {
            #expect(RepositoryTree.shared.exists(path), "\(path) is gone: drop its entry")
            #expect(reason.count > 20, "\(path) needs a reason")
        }
    }

    @Test("checks for data races are switched off only at the edge, and with a reason")
    func unchecked() {
        Violation.report(RepositoryTree.shared.swift.flatMap { UncheckedSendable.violations(in: $0) })
    }

    @Test(
        "a banned call is found, and what only looks like one is not",
        arguments: [
            ("let now = Date()", true), ("let now = Date(timeIntervalSince1970: 0)", false),
            ("// Date()", false), ("let text = \"Date()\"", false), ("let text = \"\\(Date())\"", true),
            ("myDate()", false), ("Task { }", true), ("Task{ }", true), ("Subtask { }", false),
            ("Task.detached { }", true), ("Task(priority: .low) { }", true), ("throw CancelTask()", false),
            ("try! run()", true), ("try? run()", false), ("fatalError(\"x\")", true), ("print(1)", true),
            ("fingerprint(1)", false), ("sheet.print(1)", false), ("ContinuousClock.now", true), ("x.shuffled()", true),
            ("x.shuffled(using: &random)", false),
        ])
    func finds(code: String, isBanned: Bool) {
        let file = SourceFile(path: "Sources/Gateway/A.swift", text: code + "\n")
        let found = BannedCall.belowAdapters.flatMap { $0.violations(in: file) }
        #expect(found.isEmpty == !isBanned)
    }

    @Test(
        "waiting in a test is found",
        arguments: [
            ("try await Task.sleep(for: .seconds(1))", true), ("usleep(10)", true), ("sleep(1)", true),
            ("try await clock.sleep(for: .seconds(1))", false), ("func sleep(for duration: Duration) {}", false),
            ("@testable import Gateway", true), ("asleep(1)", false),
        ])
    func findsWaiting(code: String, isBanned: Bool) {
        let file = SourceFile(path: "Tests/GatewayTests/A.swift", text: code + "\n")
        #expect(BannedCall.inTests.flatMap { $0.violations(in: file) }.isEmpty == !isBanned)
    }

    @Test(
        "randomness without a generator is found, over several lines too",
        arguments: [
            ("Int.random(in: 0..<9)", 1), ("Int.random(in: 0..<max(1, 9),\n using: &generator)", 0),
            ("Bool.random()", 1), ("let a = 1\nlet b = Int.random(\n in: 0..<f(using: 1))", 0),
        ])
    func findsUnseeded(code: String, count: Int) {
        let file = SourceFile(path: "Sources/Gateway/A.swift", text: code)
        #expect(UnseededRandom.violations(in: file).count == count)
    }

    @Test("the mark of an unchecked type needs its reason above and its place at the edge")
    func findsUnchecked() {
        let bare = "/// A pool.\nfinal class Pool: @unchecked Sendable {}\n"
        let reasoned = "/// `@unchecked Sendable`: lives on one loop.\n@available(*, noasync)\n" + bare.dropFirst(12)
        func count(_ path: String, _ text: String) -> Int {
            UncheckedSendable.violations(in: SourceFile(path: path, text: text)).count
        }
        #expect(count("Sources/Adapters/EngineHTTP/Pool.swift", bare) == 1)
        #expect(count("Sources/Adapters/EngineHTTP/Pool.swift", reasoned) == 0)
        #expect(count("Sources/Gateway/Pool.swift", reasoned) == 1)
    }
}
