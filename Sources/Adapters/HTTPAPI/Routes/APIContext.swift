import Gateway
import Hummingbird
import NIOCore
import OpenAIWire
import Quantities

/// Per-request state of the routed endpoints.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Set by `AccessMiddleware` on every `/v1` and `/ebb` route.
    var caller: Caller?

    init(source: Source) { self.coreContext = .init(source: source) }

    /// The caller of a route behind `AccessMiddleware`.
    func requireCaller() throws(GatewayError) -> Caller {
        guard let caller = self.caller else { throw .client(.missingKey) }
        return caller
    }
}
