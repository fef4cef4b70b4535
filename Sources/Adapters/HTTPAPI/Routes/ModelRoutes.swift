import Foundation
import Gateway
import Hummingbird
import OpenAIWire
import Quantities
import Routing

/// `/v1/models`: every alias of the routing table.
struct ModelRoutes {
    let engines: EngineDirectory
    /// What `created` says: the engines do not tell when a model was made, so it is when this gateway started.
    let startedAt: Instant

    func add(to group: RouterGroup<APIContext>) {
        group.get("models") { _, _ in
            Response.json(ModelObject.list(self.engines.table.modelNames.map { self.object($0) }))
        }
        // Model names may hold slashes and colons: the rest of the path is the name.
        group.get("models/**") { request, context in
            let name = context.parameters.getCatchAll().joined(separator: "/")
            let decoded = name.removingPercentEncoding ?? name
            guard self.engines.targets(for: decoded) != nil else {
                throw GatewayError.client(.unknownModel(decoded, param: "model"))
            }
            return Response.json(self.object(decoded))
        }
    }

    private func object(_ name: String) -> ModelObject {
        ModelObject(id: name, created: self.startedAt.seconds, ownedBy: "ebb")
    }
}
