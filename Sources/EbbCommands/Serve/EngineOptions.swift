import ArgumentParser
import ConfigurationYAML
import EngineHTTP
import Gateway
import Glibc
import Quantities
import Routing

/// The engines of a command line and a configuration file, ready for use.
struct EngineOptions: ParsableArguments {
    @Option(help: "Configuration file (ebb.yaml).")
    var config: String?

    @Option(help: "Base URL of an OpenAI-compatible engine, http://127.0.0.1:8000 for example. Repeatable.")
    var engine: [String] = []

    @Option(help: "ALIAS=ENGINE_MODEL: the name clients use and the name the engine knows. Repeatable.")
    var model: [String] = []

    /// The configuration file's content, or defaults, with environment overrides.
    func load() throws -> EbbConfiguration {
        let environment = ProcessEnvironment.all
        do throws(ConfigurationError) {
            if let config = self.config {
                return try EbbConfiguration.load(config, environment: environment)
            }
            return try EbbConfiguration.parse("", file: "ebb.yaml", environment: environment)
        } catch {
            throw CommandFailure(error.description)
        }
    }

    /// Configured engines and those of the command line, which are called engine-1, engine-2, …
    func engines(_ configuration: EbbConfiguration) throws -> [EngineSetup] {
        var setups = try configuration.engines.map { try EngineSetup($0) }
        for (index, url) in self.engine.enumerated() {
            let name = EngineID("engine-\(index + 1)")
            setups.append(try EngineSetup(EngineConfiguration(name: name, url: url)))
        }
        return setups
    }

    /// `--model` pairs.
    func aliases() throws -> [(alias: String, engineModel: String)] {
        try self.model.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandFailure("--model '\(text)' is not ALIAS=ENGINE_MODEL")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }
}

enum ProcessEnvironment {
    static var all: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let line = entry.pointee {
            let text = String(cString: line)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }
}

/// One engine: what the configuration says, what discovery adds.
struct EngineSetup: Sendable {
    let configuration: EngineConfiguration
    var engine: Engine
    /// nil: to be found out.
    let kind: EngineKind?
    let access: HTTPEngineClient.Access
    /// Why its key is not known, where it may be missing: such an engine is not asked for anything.
    private(set) var missingSecret: String?

    /// - Parameter needsSecrets: false where the engine is only spoken of, in a quote.
    init(_ configuration: EngineConfiguration, needsSecrets: Bool = true) throws {
        self.configuration = configuration
        self.kind = EngineKind(rawValue: configuration.kind.rawValue)
        do {
            let url = try EngineURL(configuration.url)
            if let file = configuration.tls.caFile, let problem = CertificateFile.problem(file) {
                throw CommandFailure("engine '\(configuration.name)', tls.ca_file: '\(file)' \(problem)")
            }
            let timeouts = EngineTimeouts(
                connect: configuration.timeouts.connect, firstToken: configuration.timeouts.firstToken,
                idle: configuration.timeouts.idle, total: configuration.timeouts.total)
            self.engine = Engine(
                id: configuration.name, url: url, kind: self.kind ?? .openai,
                stream: configuration.streaming.flatMap { StreamPolicy(rawValue: $0.rawValue) },
                concurrency: configuration.concurrency, timeouts: timeouts)
            self.engine.takesPriorities = configuration.priorities
            do throws(ConfigurationError) { self.access = try Self.access(configuration) } catch {
                if needsSecrets { throw error }
                self.access = HTTPEngineClient.Access()
                self.missingSecret = error.description
                self.engine.kind = .openai
            }
        } catch let error as RoutingError {
            throw CommandFailure(error.description)
        } catch let error as ConfigurationError {
            throw CommandFailure(error.description)
        }
    }

    private static func access(
        _ configuration: EngineConfiguration
    ) throws(ConfigurationError) -> HTTPEngineClient.Access {
        let environment = ProcessEnvironment.all
        var access = HTTPEngineClient.Access(
            certificateAuthorities: configuration.tls.caFile, verifiesCertificates: configuration.tls.verify)
        if let key = configuration.apiKey {
            access.authorization = "Bearer " + (try key.read(environment: environment).reveal())
        }
        for header in configuration.headers {
            switch header.value {
            case .text(let text): access.headers.append((header.name, text))
            case .secret(let source):
                access.headers.append((header.name, try source.read(environment: environment).reveal()))
            }
        }
        return access
    }

    /// Takes over what the engine told; the configuration wins where it says something.
    mutating func learn(_ report: EngineReport) {
        guard report.isReachable else { return }
        if self.kind == nil { self.engine.kind = report.kind }
        if self.configuration.streaming == nil { self.engine.stream = report.kind.isOwned ? .always : .asAsked }
        if self.configuration.concurrency == nil, let slots = report.slots { self.engine.concurrency = slots }
    }
}
