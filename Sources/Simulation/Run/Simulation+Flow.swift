import Quantities
import Scheduling

/// Requests, lines and steps.
extension Simulation {
    mutating func arrive(_ request: TraceRequest) {
        let key = self.nextKey
        self.nextKey += 1
        self.flights[key] = Flight(request: request, arrivedAt: self.now, batch: nil, line: 0)
        self.report.arrived(request, now: self.now)
        let patience = request.lane.isInteractive ? Duration.seconds(86_400) : self.setup.flexPatience
        let expected = self.setup.expectedOutput ?? Int(self.expectedOutput[request.lane.rawValue])
        let work = WorkRequest(
            key: WorkKey(key), lane: request.lane, project: request.project, pool: Self.pool,
            promptTokens: request.promptTokens, outputTokens: expected, patience: patience,
            giveUpAt: Instant(nanoseconds: self.now).advanced(by: patience), affinity: request.chain.first)
        self.send(.arrive(work))
    }

    mutating func start(_ key: UInt64, at engine: EngineID) {
        guard let index = self.serverIndex[engine] else { return }
        self.require(self.servers[index].isUp, "\(engine) is away, nothing may be sent to it")
        guard let request = self.flights[key]?.request else { return }
        self.flights[key]?.engine = index
        if let flight = self.flights[key], let predicted = flight.predictedWait {
            self.report.waited(request.lane, for: self.now - flight.arrivedAt, predicted: predicted)
            self.flights[key]?.predictedWait = nil
        }
        self.servers[index].engine.arrive(
            SteppedEngine.Job(
                id: key, promptTokens: request.promptTokens, outputTokens: request.outputTokens,
                chain: request.chain, cachedTokens: request.cachedTokens, priority: request.lane.rawValue))
    }

    mutating func pull(_ id: BatchID, _ engine: EngineID) -> SchedulerEvent {
        guard let place = self.batchIndex[id], let index = self.serverIndex[engine],
            let line = self.batches[place].returned.popLast() ?? self.batches[place].fresh(at: index)
        else { return .nothingReady(id, engine, until: nil) }
        var request = self.batches[place].batch.lines[line]
        request.lane = .batch
        let key = self.nextKey
        self.nextKey += 1
        self.flights[key] = Flight(request: request, arrivedAt: self.now, batch: place, line: line)
        self.started(place, line)
        self.start(key, at: engine)
        return .lineStarted(
            BatchLine(
                key: WorkKey(key), batch: id, engine: engine, promptTokens: request.promptTokens,
                outputTokens: self.batches[place].meanOutput,
                preemptions: self.batches[place].preemptions[line] ?? 0))
    }

    mutating func offer(_ place: Int) {
        let state = self.batches[place]
        guard !state.isWithdrawn else { return }
        self.send(
            .offer(
                BatchOffer(
                    batch: state.batch.id, project: state.batch.project, pool: Self.pool,
                    deadline: Instant(nanoseconds: state.batch.deadline), linesLeft: state.linesLeft,
                    promptTokens: state.meanPrompt, outputTokens: state.meanOutput)))
    }

    mutating func preempted(_ key: UInt64) {
        guard let flight = self.flights[key], flight.engine >= 0 else { return }
        let made = self.servers[flight.engine].engine.tokensMade(key) ?? 0
        self.servers[flight.engine].engine.cancel(key)
        self.report.wasted(
            flight.request.lane, promptTokens: flight.firstTokenAt == nil ? 0 : flight.request.promptTokens,
            outputTokens: made)
        guard let place = flight.batch else {
            // A flex request: it waits again under the same key.
            self.flights[key]?.engine = -1
            self.flights[key]?.firstTokenAt = nil
            return
        }
        self.flights[key] = nil
        self.putBack(place, flight.line)
        self.batches[place].preemptions[flight.line, default: 0] += 1
    }

    mutating func startSteps() {
        for index in self.servers.indices where self.servers[index].stepEnds == nil {
            guard let length = self.servers[index].engine.beginStep() else { continue }
            self.servers[index].stepBegan = self.now
            self.servers[index].stepEnds = self.now + length
        }
    }

    mutating func endStep(_ index: Int) {
        let length = self.now - self.servers[index].stepBegan
        self.servers[index].stepEnds = nil
        self.outcomes.removeAll(keepingCapacity: true)
        let decoding = self.servers[index].engine.decoding
        self.servers[index].engine.endStep(into: &self.outcomes)
        if decoding > 0 {
            self.report.step(decoding: decoding, now: self.now)
            self.send(.gap(self.servers[index].id, .nanoseconds(length)))
        }
        let outcomes = self.outcomes
        for outcome in outcomes {
            switch outcome {
            case .firstToken(let key):
                guard let flight = self.flights[key] else { continue }
                self.flights[key]?.firstTokenAt = self.now
                self.report.firstToken(
                    flight.request.lane, arrivedAt: flight.arrivedAt, now: self.now, flight.request.project)
                self.send(.firstToken(WorkKey(key)))
            case .finished(let key, let cached): self.finished(key, cachedTokens: cached)
            }
        }
    }

    private mutating func finished(_ key: UInt64, cachedTokens: Int) {
        guard let flight = self.flights.removeValue(forKey: key) else { return }
        let request = flight.request
        let lane = request.lane.rawValue
        self.expectedOutput[lane] += 0.02 * (Double(request.outputTokens) - self.expectedOutput[lane])
        self.report.finished(
            request, flight.batch.map { self.batches[$0].batch.tier } ?? request.lane.tier,
            firstTokenAt: flight.firstTokenAt ?? self.now, arrivedAt: flight.arrivedAt, now: self.now,
            cachedTokens: cachedTokens)
        self.send(
            .finished(
                WorkKey(key),
                WorkUsage(
                    cachedTokens: cachedTokens, computedTokens: request.promptTokens - cachedTokens,
                    outputTokens: request.outputTokens)))
        guard let place = flight.batch else { return }
        self.batches[place].tokens += request.promptTokens + request.outputTokens
        self.ended(place, flight.line)
    }

    mutating func sample() {
        for server in self.servers where server.isUp {
            self.send(
                .sample(
                    server.id,
                    EngineSample(
                        waiting: server.engine.waitingCount, running: server.engine.runningCount,
                        at: Instant(nanoseconds: self.now - self.setup.sampleAge))))
        }
    }

    mutating func tick() {
        var made: [(UInt64, Int)] = []
        for server in self.servers { server.engine.forEachDecoding { made.append(($0, $1)) } }
        for (key, tokens) in made { self.send(.progress(WorkKey(key), outputTokens: tokens)) }
        for place in self.batches.indices
        where self.batches[place].batch.createdAt <= self.now && self.batches[place].linesLeft > 0
            && !self.batches[place].isWithdrawn
        {
            self.offer(place)
        }
        self.send(.tick)
        self.report.tick(now: self.now)
        self.report.engineQueue.append(self.servers.reduce(0) { $0 + $1.engine.waitingCount })
        guard case .ebb(let scheduler) = self.dispatcher else { return }
        self.report.standing(scheduler, now: self.now)
        self.report.shares(
            scheduler,
            self.batches.filter { $0.linesLeft > 0 && !$0.isWithdrawn && $0.batch.createdAt <= self.now }
                .map(\.batch.project))
    }

    mutating func finishReport() {
        for flight in self.flights.values where flight.batch == nil && flight.firstTokenAt == nil {
            self.report.stillWaiting(flight.request.lane, for: self.now - flight.arrivedAt)
        }
        for place in self.batches.indices {
            self.report.batch(self.batches[place])
        }
        for server in self.servers {
            self.report.work += self.retired
            self.retired = 0
            self.report.work += server.engine.work
            self.report.promptTokensComputed += server.engine.promptTokensComputed
            self.report.pushedOut += server.engine.pushedOut
        }
        guard case .ebb(let scheduler) = self.dispatcher else { return }
        self.report.scheduler(scheduler)
        for state in self.batches {
            self.report.batchService[state.batch.project] = scheduler.service(of: state.batch.project, in: .batch)
        }
    }
}
