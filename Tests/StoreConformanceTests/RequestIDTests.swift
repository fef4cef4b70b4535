import Gateway
import GatewayTesting
import Quantities
import Testing

@Suite("Request ids") struct RequestIDTests {
    @Test("they grow with time, are never the same and have one length")
    func ordered() {
        let randomness = SeededRandomness()
        let ids = (0..<100).map { randomness.requestID(at: Samples.start.advanced(by: .milliseconds($0))) }
        #expect(ids == ids.sorted() && Set(ids).count == 100)
        #expect(ids.allSatisfy { $0.text.hasPrefix("req_") && $0.text.utf8.count == 36 })
        let twins = (0..<100).map { _ in randomness.requestID(at: Samples.start) }
        #expect(Set(twins).count == 100 && Set(twins.map { $0.text.prefix(16) }) == ["req_01a0c4506c00"])
    }
}
