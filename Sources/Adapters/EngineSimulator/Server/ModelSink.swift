import NIOCore

/// The connection that waits for a request's progress.
struct ModelSink: Sendable {
    let loop: any EventLoop
    let handler: NIOLoopBound<ConnectionHandler>

    func deliver(_ action: EngineModel.Action) {
        self.loop.execute { self.handler.value.receive(action) }
    }
}
