import Batching
import Quantities
import Scheduling

extension Simulation {
    mutating func happen(_ kind: Incident.Kind) {
        switch kind {
        case .engineLost(let number): self.lose(number % self.servers.count)
        case .engineBack(let number):
            let index = number % self.servers.count
            self.servers[index].isUp = true
            self.send(.available(self.servers[index].id, true))
        case .slots(let slots):
            for index in self.servers.indices { self.servers[index].engine.shape.slots = max(1, slots) }
        case .failure(let number, let trouble):
            if let key = self.flight(number, where: { $0.engine >= 0 }) { self.fail(key, trouble) }
        case .lineLost(let number):
            if let key = self.flight(number, where: { $0.batch != nil }) { self.fail(key, .lost) }
        case .gone(let number):
            guard let key = self.flight(number, where: { $0.batch == nil }) else { return }
            self.leaveEngine(key)
            self.report.gone(self.flights.removeValue(forKey: key)?.request.lane)
            self.send(.gone(WorkKey(key)))
        case .cancel(let batch): self.cancel(batch)
        case .held(let until):
            for server in self.servers { self.send(.held(server.id, until: Instant(nanoseconds: until))) }
        }
    }

    private func flight(_ number: Int, where isMeant: (Flight) -> Bool) -> UInt64? {
        let keys = self.flights.filter { isMeant($0.value) }.keys.sorted()
        return keys.isEmpty ? nil : keys[number % keys.count]
    }

    private mutating func leaveEngine(_ key: UInt64) {
        guard let engine = self.flights[key]?.engine, engine >= 0 else { return }
        self.servers[engine].engine.cancel(key)
        self.flights[key]?.engine = -1
        self.flights[key]?.firstTokenAt = nil
    }

    private mutating func lose(_ index: Int) {
        guard self.servers[index].isUp else { return }
        self.servers[index].isUp = false
        self.send(.available(self.servers[index].id, false))
        self.retired += self.servers[index].engine.work
        self.servers[index].engine = SteppedEngine(self.servers[index].engine.shape)
        self.servers[index].stepEnds = nil
        for place in self.batches.indices { self.batches[place].plan?.giveBack(lane: index) }
        for key in self.flights.filter({ $0.value.engine == index }).keys.sorted() { self.fail(key, .lost) }
    }

    private mutating func fail(_ key: UInt64, _ trouble: EngineTrouble) {
        guard let flight = self.flights[key] else { return }
        self.leaveEngine(key)
        if let place = flight.batch {
            self.flights[key] = nil
            if trouble == .request { self.ended(place, flight.line) } else { self.putBack(place, flight.line) }
        } else if trouble == .request {
            self.flights[key] = nil
            self.report.failed(flight.request.lane)
        }
        self.send(.failed(WorkKey(key), trouble))
    }

    private mutating func cancel(_ id: BatchID) {
        guard let place = self.batchIndex[id], !self.batches[place].isWithdrawn else { return }
        self.batches[place].isWithdrawn = true
        self.send(.withdraw(id))
        for key in self.flights.filter({ $0.value.batch == place }).keys.sorted() {
            let line = self.flights[key]?.line ?? 0
            self.leaveEngine(key)
            self.flights[key] = nil
            self.putBack(place, line)
            self.send(.gone(WorkKey(key)))
        }
    }
}

/// A line's life as its batch sees it: one live attempt at most (I3), one end at most (I4), none after the batch was
/// withdrawn (I8).
extension Simulation {
    mutating func started(_ place: Int, _ line: Int) {
        self.require(self.batches[place].fates[line] == .waiting, "I3 line \(line) was sent twice")
        self.require(!self.batches[place].isWithdrawn, "I8 line \(line) was sent after its batch was withdrawn")
        self.batches[place].fates[line] = .running
        self.batches[place].startedAt = self.batches[place].startedAt ?? self.now
    }

    mutating func putBack(_ place: Int, _ line: Int) {
        self.require(self.batches[place].fates[line] == .running, "I3 line \(line) came back without having left")
        self.batches[place].fates[line] = .waiting
        self.batches[place].returned.append(line)
        self.batches[place].returnedOnce.insert(line)
    }

    mutating func ended(_ place: Int, _ line: Int) {
        self.require(self.batches[place].fates[line] == .running, "I4 line \(line) ended twice")
        self.batches[place].fates[line] = .ended
        self.batches[place].finished += 1
        guard self.batches[place].finished == self.batches[place].batch.lines.count else { return }
        self.batches[place].endedAt = self.now
        self.batches[place].isWithdrawn = true
        self.send(.withdraw(self.batches[place].batch.id))
    }

    func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
        precondition(holds, rule())
    }
}
