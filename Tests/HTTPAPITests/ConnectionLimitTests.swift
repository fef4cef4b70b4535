import HTTPAPI
import Scheduling
import Testing

@Suite struct ConnectionLimitTests {
    @Test("flex that waits leaves connections for everybody else")
    func flex() { #expect(Scheduler.flexWaitingMax + 1_000 <= GatewayServer.connectionsMax) }
}
