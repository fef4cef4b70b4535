import NIOHTTP1
import NIOSSL

/// `HTTPEngineClient.Access` in the form that each connection and request needs.
struct EngineAccess: Sendable {
    let headers: HTTPHeaders
    /// Where it cannot be made, as on a machine without certificates of authorities, only engines over TLS suffer.
    let tls: Result<NIOSSLContext, any Error>

    init(_ access: HTTPEngineClient.Access) {
        var headers = HTTPHeaders()
        if let authorization = access.authorization { headers.add(name: "authorization", value: authorization) }
        for (name, value) in access.headers { headers.add(name: name, value: value) }
        self.headers = headers
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = access.certificateAuthorities { configuration.trustRoots = .file(file) }
        if !access.verifiesCertificates { configuration.certificateVerification = .none }
        self.tls = Result { [configuration] in try NIOSSLContext(configuration: configuration) }
    }
}
