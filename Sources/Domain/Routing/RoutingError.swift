/// Why a routing table cannot be built, or a request not be routed.
public enum RoutingError: Error, Equatable, Sendable {
    case invalidURL(String, String)
    case duplicateEngine(String)
    case unknownEngine(alias: String, engine: String)
    case emptyAlias(String)
}

extension RoutingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidURL(let url, let reason): "engine URL '\(url)' is not usable: \(reason)"
        case .duplicateEngine(let name): "two engines are called '\(name)'"
        case .unknownEngine(let alias, let engine): "model '\(alias)' names engine '\(engine)', which is not configured"
        case .emptyAlias(let alias): "model '\(alias)' has no engine"
        }
    }
}
