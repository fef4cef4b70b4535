import ArgumentParser
import Glibc
import NIOSSL
import Routing

/// Which gateway, and with which key. The key never stands on the command line, where every user could read it.
struct ServerOptions: ParsableArguments {
    static let defaultServer = "http://127.0.0.1:8080"

    @Option(help: "Base URL of the gateway. Default: EBB_SERVER, else http://127.0.0.1:8080.")
    var server: String?

    @Option(help: "Environment variable with the API key. Default: EBB_API_KEY, else OPENAI_API_KEY.")
    var keyEnv: String?

    @Option(help: "File with the API key, alone in its first line.")
    var keyFile: String?

    @Option(help: "PEM file of the certificate authorities to trust for https, instead of the system's.")
    var caFile: String?

    /// - Throws: `CommandFailure` for a wrong URL, a missing variable or file.
    func client(environment: [String: String] = ProcessEnvironment.all) throws -> ServerClient {
        let text = self.server ?? Self.value("EBB_SERVER", environment) ?? Self.defaultServer
        let url: EngineURL
        do throws(RoutingError) { url = try EngineURL(text) } catch {
            guard case .invalidURL(_, let reason) = error else { throw CommandFailure("the gateway's URL: \(error)") }
            throw CommandFailure("the gateway's URL '\(TextTable.printable(text))' is not usable: \(reason)")
        }
        return try ServerClient(url: url, key: try self.key(environment), tls: try self.tls())
    }

    /// An API key, and the variable or file that it was found in.
    struct Key {
        let text: String
        let source: String
    }

    func key(_ environment: [String: String]) throws -> Key? {
        guard self.keyEnv == nil || self.keyFile == nil else {
            throw CommandFailure("--key-env and --key-file exclude each other")
        }
        var key: Key?
        if let name = self.keyEnv {
            guard let value = Self.value(name, environment) else {
                throw CommandFailure("environment variable \(name) is not set")
            }
            key = Key(text: value, source: name)
        } else if let path = self.keyFile {
            let bytes = try FileSource(path).next(4_096)
            let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            key = Key(text: String(decoding: line, as: UTF8.self), source: path)
            guard !line.isEmpty else { throw CommandFailure("\(path) holds no key in its first line") }
        } else {
            for name in ["EBB_API_KEY", "OPENAI_API_KEY"] where key == nil {
                key = Self.value(name, environment).map { Key(text: $0, source: name) }
            }
        }
        if let key, !key.text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw CommandFailure("the API key holds characters that cannot be sent")
        }
        return key
    }

    private func tls() throws -> NIOSSLContext? {
        guard let file = self.caFile else { return nil }
        if let problem = CertificateFile.problem(file) { throw CommandFailure("--ca-file '\(file)' \(problem)") }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(file)
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw CommandFailure("--ca-file \(file): \(error)")
        }
    }

    /// A variable that is set and not empty.
    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
