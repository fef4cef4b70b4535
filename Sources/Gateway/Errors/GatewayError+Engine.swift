public import Routing

extension GatewayError {
    /// What a client sees of an engine's failure (openai-api A.6). An engine's credential trouble is ours, not theirs.
    public init(_ failure: EngineFailure) {
        let billing: Billing = failure.produced ? .partial : .free
        switch failure.kind {
        case .clientFault:
            self.init(
                source: .client, billing: .free, status: failure.status ?? 400, type: "invalid_request_error",
                message: failure.message, engineBody: failure.body.isEmpty ? nil : failure.body)
        case .capacity:
            self.init(
                source: .engine, retry: .afterDelay(failure.retryAfter ?? .seconds(5)), billing: billing, status: 503,
                type: "service_unavailable_error", code: "server_is_overloaded",
                message: "The engine has no free capacity. Please try again later. (\(failure.message))")
        case .billing, .credential:
            self.init(
                source: .gateway, billing: billing, status: 502, type: "server_error",
                code: failure.kind == .billing ? "engine_billing" : "engine_credential",
                message: "The gateway's account at the engine was refused; its operator has to act.")
        case .fault:
            self.init(
                source: .engine, retry: .afterDelay(.seconds(1)), billing: billing, status: 502, type: "server_error",
                code: "engine_fault", message: "The engine failed: \(failure.message)")
        case .unreachable:
            self.init(
                source: .engine, retry: .afterDelay(.seconds(2)), billing: billing, status: 503,
                type: "service_unavailable_error", code: "engine_unreachable",
                message: "No engine for this model can be reached. (\(failure.message))")
        case .timeout(let stage):
            self.init(
                source: .engine, retry: .afterDelay(.seconds(1)), billing: billing, status: 504, type: "server_error",
                code: "engine_timeout", message: "The engine did not answer in time (\(stage.rawValue)).")
        case .cancelled:
            self.init(
                source: .client, billing: billing, status: 499, type: "invalid_request_error", code: "cancelled",
                message: "The request was cancelled.")
        }
    }
}
