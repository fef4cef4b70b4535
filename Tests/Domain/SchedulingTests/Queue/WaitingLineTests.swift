import Quantities
import Scheduling
import Testing

@Suite struct WaitingLineTests {
    @Test("in order of arrival")
    func order() {
        var line = WaitingLine()
        for number in 1...5 { line.append(WorkKey(UInt64(number))) }
        #expect(line.count == 5)
        let keys = (1...6).map { _ in line.removeFirst()?.number }
        #expect(keys == [1, 2, 3, 4, 5, nil])
        #expect(line.isEmpty)
    }

    @Test("what was preempted comes back at the head, the last one first")
    func returned() {
        var line = WaitingLine()
        line.append(WorkKey(1))
        line.putBack(WorkKey(8))
        line.putBack(WorkKey(9))
        #expect(line.peek == WorkKey(9))
        let keys = (1...3).map { _ in line.removeFirst()?.number }
        #expect(keys == [9, 8, 1])
    }

    @Test("one that left may come back, at the end")
    func comesBack() {
        var line = WaitingLine()
        for number in 1...3 { line.append(WorkKey(UInt64(number))) }
        line.remove(WorkKey(1))
        line.append(WorkKey(1))
        #expect(line.count == 3 && line.peek == WorkKey(2))
        let keys = (1...4).map { _ in line.removeFirst()?.number }
        #expect(keys == [2, 3, 1, nil])
    }

    @Test("any may leave, wherever it stands")
    func leave() {
        var line = WaitingLine()
        for number in 1...4 { line.append(WorkKey(UInt64(number))) }
        line.putBack(WorkKey(7))
        for number in [7, 1, 3] { line.remove(WorkKey(UInt64(number))) }
        #expect(line.count == 2)
        #expect(line.peek == WorkKey(2))
        let first = line.first()
        #expect(first == WorkKey(2))
        let keys = (1...3).map { _ in line.removeFirst()?.number }
        #expect(keys == [2, 4, nil])
    }

    @Test("random use agrees with an array", arguments: 0..<20)
    func model(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var line = WaitingLine()
        var model: [WorkKey] = []
        for number in 1...2_000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                line.append(WorkKey(UInt64(number)))
                model.append(WorkKey(UInt64(number)))
            case 5:
                line.putBack(WorkKey(UInt64(number)))
                model.insert(WorkKey(UInt64(number)), at: 0)
            case 6..<8:
                #expect(line.peek == model.first)
                let first = line.removeFirst()
                #expect(first == (model.isEmpty ? nil : model.removeFirst()))
            default:
                guard let place = model.indices.randomElement(using: &generator) else { continue }
                line.remove(model.remove(at: place))
            }
            #expect(line.count == model.count)
        }
    }
}
