import Quantities
import Scheduling
import Testing

@Suite struct ServiceCountersTests {
    @Test("service counts against the weight")
    func weights() {
        var counters = ServiceCounters()
        counters.set(weight: 3, of: "proj_a")
        let projects: [ProjectID] = ["proj_a", "proj_b"]
        let accounts = projects.map { counters.enter($0) }
        for account in accounts { counters.charge(300, to: account) }
        #expect(counters.service(of: "proj_a") == 100)
        #expect(counters.service(of: "proj_b") == 300)
        #expect(counters.spread == 200)
    }

    @Test("who comes back is lifted to the least of those that are there")
    func lift() {
        var counters = ServiceCounters()
        let a = counters.enter("proj_a")
        counters.charge(500, to: a)
        let b = counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 499)
        counters.charge(100, to: b)
        counters.leaveQueue(b)
        counters.charge(9_500, to: a)
        counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 9_999)
    }

    @Test("who begins to wait is lifted although something of it still runs")
    func liftWhileRunning() {
        var counters = ServiceCounters()
        let a = counters.enter("proj_a")
        let b = counters.enter("proj_b")
        counters.sent(b)
        counters.charge(9_000, to: a)
        #expect(counters.spread == 0)
        counters.enter(b)
        #expect(counters.service(of: "proj_b") == 8_999)
        // It loses its place: what it was charged comes back, it is lifted no further.
        counters.charge(600, to: b)
        counters.returned(b)
        counters.charge(-600, to: b)
        #expect(counters.service(of: "proj_b") == 8_999)
        #expect(counters.waiting == 3)
        #expect(counters.running == 0)
    }

    @Test("who had more keeps it: a short absence does not wash it off")
    func noWashing() {
        var counters = ServiceCounters()
        counters.enter("proj_a")
        let b = counters.enter("proj_b")
        counters.charge(5_000, to: b)
        counters.leaveQueue(b)
        counters.enter("proj_b")
        #expect(counters.service(of: "proj_b") == 5_000)
    }

    @Test("nobody there: a newcomer starts from the last one's service")
    func floor() {
        var counters = ServiceCounters()
        let a = counters.enter("proj_a")
        counters.charge(700, to: a)
        counters.leaveQueue(a)
        counters.enter("proj_c")
        #expect(counters.service(of: "proj_c") == 700)
        #expect(counters.spread == 0)
    }

    @Test("a newcomer begins with those that wait, however much others have had")
    func newcomer() {
        var counters = ServiceCounters()
        let waiting = counters.enter("proj_waits")
        counters.charge(100, to: waiting)
        let busy = counters.enter("proj_busy")
        counters.charge(9_000_000, to: busy)
        counters.leaveQueue(busy)
        counters.enter("proj_comes")
        #expect(counters.service(of: "proj_comes") == 100)
    }

    @Test("memory follows the load: projects without work and weight are forgotten")
    func sweep() {
        var counters = ServiceCounters()
        counters.set(weight: 2, of: "proj_kept")
        let here = counters.enter("proj_here")
        counters.charge(10, to: here)
        for number in 0..<5_000 { counters.leaveQueue(counters.enter(ProjectID("proj_\(number)"))) }
        counters.sweep()
        #expect(counters.count == 2)
        #expect(counters.waiting == 1)
        // Whoever comes then has an account of its own, though its place was another's.
        counters.charge(7, to: counters.enter("proj_next"))
        #expect(counters.service(of: "proj_next") == 16)
        #expect(counters.service(of: "proj_here") == 10)
    }
}
