import EbbCommands
import OpenAIWire
import Testing

@Suite struct RiskTextTests {
    @Test("a batch at risk says how much more is due than can be served")
    func words() throws {
        func text(_ object: String) throws -> String? { RiskText.of(try JSONValue(parsing: Array(object.utf8))) }
        #expect(
            try text(#"{"ebb":{"deadline_load":1.3,"at_risk":true}}"#)
                == "at risk: 130 % of what can be served until then is due")
        #expect(try text(#"{"ebb":{"waiting_for":"x"}}"#) == nil)
        #expect(try text(#"{"id":"batch_1"}"#) == nil)
    }
}
