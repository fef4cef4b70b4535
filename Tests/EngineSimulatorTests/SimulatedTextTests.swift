import EngineSimulator
import Quantities
import Testing

@Suite("Simulated text, faults and log") struct SimulatedTextTests {
    private func text(_ plan: OutputPlan) -> String {
        var bytes: [UInt8] = []
        for token in 0..<plan.tokens { plan.append(token: token, to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "a token is four bytes",
        arguments: [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("ééé", 2)] as [(String, Int)])
    func tokens(_ text: String, _ count: Int) {
        #expect(PromptText(text).tokens == count)
        #expect(PromptText(text).tokenIDs.count == count)
    }

    @Test("a chain covers full blocks only and changes from the first difference on")
    func chain() {
        let a = PromptText(String(repeating: "abcdefgh", count: 33)).chain(blockTokens: 16)
        #expect(a.count == 4)
        #expect(Set(a).count == 4)
        var other = String(repeating: "abcdefgh", count: 16)
        other += "X" + String(repeating: "abcdefgh", count: 16)
        let b = PromptText(other).chain(blockTokens: 16)
        #expect(zip(a, b).map { $0 == $1 } == [true, true, false, false])
    }

    @Test("an answer begins with simulated, has as many words as tokens and depends on the seed only")
    func words() {
        let plan = OutputPlan(form: .text, seed: 5, tokensMax: 128, limit: nil)
        let text = self.text(plan)
        #expect(text.hasPrefix("simulated "))
        #expect(text.split(separator: " ").count == plan.tokens)
        #expect(text == self.text(OutputPlan(form: .text, seed: 5, tokensMax: 128, limit: nil)))
        #expect(text != self.text(OutputPlan(form: .text, seed: 6, tokensMax: 128, limit: nil)))
    }

    @Test("lengths lie between 4 and the longest and use the whole range")
    func lengths() {
        let lengths = (0..<5_000).map { OutputPlan(form: .text, seed: $0, tokensMax: 20, limit: nil).tokens }
        #expect(Set(lengths) == Set(4...20))
    }

    @Test("a limit cuts, and ignore_eos fills it")
    func limits() {
        let cut = OutputPlan(form: .text, seed: 5, tokensMax: 128, limit: 3)
        #expect(cut.tokens == 3)
        #expect(cut.ending == .length)
        let free = OutputPlan(form: .text, seed: 5, tokensMax: 128, limit: 10_000)
        #expect(free.ending == .stop)
        let filled = OutputPlan(form: .text, seed: 5, tokensMax: 128, limit: 1_000, ignoresEnd: true)
        #expect(filled.tokens == 1_000)
        #expect(filled.ending == .length)
    }

    @Test("a JSON answer is an object of any length from two tokens on", arguments: [4, 5, 30])
    func object(_ tokensMax: Int) {
        let text = self.text(OutputPlan(form: .object, seed: 9, tokensMax: tokensMax, limit: nil))
        #expect(text.hasPrefix(#"{"simulated":true,"text":"simulated "#))
        #expect(text.hasSuffix(#""}"#))
        #expect(text.count(where: { $0 == "\"" }) == 6)
    }

    @Test("reasoning is a part of the tokens")
    func reasoning() {
        let plan = OutputPlan(form: .text, seed: 5, tokensMax: 128, limit: nil, reasons: true)
        #expect(plan.reasoningTokens == plan.tokens / 2)
        #expect(plan.reasoningTokens > 0)
    }

    @Test("faults come at their rates, the same for the same seed")
    func faults() {
        let plan = FaultPlan(rates: [.tooManyRequests: 0.1, .cut: 0.2], seed: 1)
        let kinds = (0..<20_000).map { plan.fault(ordinal: $0) }
        #expect((1_800...2_200).contains(kinds.count { $0 == .tooManyRequests }))
        #expect((3_700...4_300).contains(kinds.count { $0 == .cut }))
        #expect(kinds.allSatisfy { $0 == nil || $0 == .cut || $0 == .tooManyRequests })
        let again = FaultPlan(rates: [.cut: 0.2, .tooManyRequests: 0.1], seed: 1)
        #expect((0..<20_000).map { again.fault(ordinal: $0) } == kinds)
        #expect(FaultPlan(rates: [.reset: 1], seed: 9).fault(ordinal: 0) == .reset)
        #expect(FaultPlan(rates: [:], seed: 9).fault(ordinal: 0) == nil)
    }

    @Test("the log counts by mark, drops beyond its limit and forgets on reset")
    func log() {
        var log = ExecutionLog(limit: 2)
        let a = log.place(of: "a")
        log.note(.started, at: a)
        log.note(.finished, at: a)
        log.note(.started, at: log.place(of: "a"))
        log.note(.started, at: log.place(of: "b"))
        #expect(log.place(of: "c") == nil)
        #expect(log.dropped == 1)
        #expect(log.repeated == 1)
        #expect(log.entry("a")?.started == 2)
        #expect(log.entry("a")?.finished == 1)
        var long = ExecutionLog(limit: 2)
        long.note(.started, at: long.place(of: String(repeating: "é", count: 500)))
        #expect(long.entries[0].mark == String(repeating: "é", count: 128))
        log.reset()
        log.note(.finished, at: a)
        #expect(log.entries.isEmpty)
    }

    static let badOptions: [(word: String, change: @Sendable (inout SimulatorOptions) -> Void)] = [
        ("slots", { $0.slots = 0 }),
        ("context", { $0.context = 1 }),
        ("decode-rate", { $0.decodeRate = -1 }),
        ("prefill-rate", { $0.prefillRate = .nan }),
        ("latency", { $0.latency = .seconds(-1) }),
        ("add up", { $0.faults = [.cut: 0.6, .reset: 0.6] }),
        ("503", { $0.faults = [.unavailable: 2] }),
        ("name is empty", { $0.model = "" }),
    ]

    @Test("bad options are named", arguments: Self.badOptions.indices)
    func options(_ index: Int) {
        let (word, change) = Self.badOptions[index]
        var options = SimulatorOptions()
        change(&options)
        let bad = options
        let error = #expect(throws: SimulatorOptionsError.self) { try bad.validate() }
        #expect(error?.description.contains(word) == true)
    }

    @Test("a fault option is KIND=RATE")
    func faultOption() throws {
        let (kind, rate) = try SimulatorOptions.fault(parsing: "429=0.05")
        #expect(kind == .tooManyRequests)
        #expect(rate == 0.05)
        #expect(throws: SimulatorOptionsError.faultSyntax("boom=1")) { try SimulatorOptions.fault(parsing: "boom=1") }
        #expect(throws: SimulatorOptionsError.faultRate(.cut, 1.5)) { try SimulatorOptions.fault(parsing: "cut=1.5") }
    }
}
