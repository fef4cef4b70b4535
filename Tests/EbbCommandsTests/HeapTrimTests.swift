import EbbCommands
import Testing

@Suite struct HeapTrimTests {
    @Test("memory is asked back when it has grown, not while it stays or shrinks")
    func due() {
        let megabyte = 1 << 20
        var rule = HeapTrim(resident: 50 * megabyte)
        func isDue(_ resident: Int) -> Bool { rule.isDue(resident: resident * megabyte) }
        #expect(!isDue(50) && !isDue(57))
        #expect(isDue(220))
        rule.done(resident: 105 * megabyte)
        #expect(!isDue(110))
        #expect(isDue(113))
        rule.done(resident: 105 * megabyte)
        #expect(!isDue(60))
        #expect(isDue(70))
    }
}
