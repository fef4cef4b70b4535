import Quantities
import Scheduling
import Testing

@Suite struct ServiceCountersTests {
    @Test("service counts against the weight")
    func weights() {
        var counters = ServiceCounters()
        counters.set(weight: 3, of: "proj_a")
        let projects: [ProjectID] = ["proj_a", "proj_b"]
        for project in projects { counters.enter(project) }
        for project in projects { counters.charge(300, to: project) }
        #expect(counters.service(of: "proj_a") == 100)
        #expect(counters.service(of: "proj_b") == 300)
        #expect(counters.spread == 200)
    }

    @Test("who comes back is lifted to the least of those that are there")
    func lift() {
        var counters = ServiceCounters()
        counters.enter("proj_a")
        counters.charge(500, to: "proj_a")
        counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 499)
        counters.charge(100, to: "proj_b")
        counters.leaveQueue("proj_b")
        counters.charge(9_500, to: "proj_a")
        counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 9_999)
    }

    @Test("who begins to wait is lifted although something of it still runs")
    func liftWhileRunning() {
        var counters = ServiceCounters()
        counters.enter("proj_a")
        counters.enter("proj_b")
        counters.sent("proj_b")
        counters.charge(9_000, to: "proj_a")
        #expect(counters.spread == 0)
        counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 8_999)
        // It loses its place: what it was charged comes back, it is lifted no further.
        counters.charge(600, to: "proj_b")
        counters.returned("proj_b")
        counters.charge(-600, to: "proj_b")
        #expect(counters.service(of: "proj_b") == 8_999)
        #expect(counters.waiting == 3)
        #expect(counters.running == 0)
    }

    @Test("who had more keeps it: a short absence does not wash it off")
    func noWashing() {
        var counters = ServiceCounters()
        counters.enter("proj_a")
        counters.enter("proj_b")
        counters.charge(5_000, to: "proj_b")
        counters.leaveQueue("proj_b")
        counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 5_000)
    }

    @Test("nobody there: a newcomer starts from the last one's service")
    func floor() {
        var counters = ServiceCounters()
        counters.enter("proj_a")
        counters.charge(700, to: "proj_a")
        counters.leaveQueue("proj_a")
        counters.enter("proj_c")
        #expect(counters.service(of: "proj_c") == 700)
        #expect(counters.spread == 0)
    }

    @Test("memory follows the load: projects without work and weight are forgotten")
    func sweep() {
        var counters = ServiceCounters()
        counters.set(weight: 2, of: "proj_kept")
        counters.enter("proj_here")
        counters.charge(10, to: "proj_here")
        for number in 0..<5_000 {
            counters.enter(ProjectID("proj_\(number)"))
            counters.leaveQueue(ProjectID("proj_\(number)"))
        }
        counters.sweep()
        #expect(counters.count == 2)
        #expect(counters.waiting == 1)
    }
}
