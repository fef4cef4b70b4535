package import ConfigurationYAML
package import Gateway
import OpenAIWire
import Synchronization
package import Tokenizing

/// Reads the `tokenizer.json` files of models, each once.
package final class TokenizerFiles: TokenizerSource {
    /// The largest file that is read; published ones have up to 35 MB.
    private static let fileBytesMax = 64 << 20

    /// By model.
    private let paths: [String: String]
    /// The file of all models.
    private let path: String?
    private let loaded = Mutex<[String: Result<Encoder, PromptCountingError>]>([:])

    /// The files that a configuration names for its models.
    package init(_ models: [ModelConfiguration]) {
        var paths: [String: String] = [:]
        for model in models { paths[model.name] = model.tokenizer }
        self.paths = paths
        self.path = nil
    }

    /// The files that `ebb.yaml` at `path` names; none without a path.
    package convenience init(configuration path: String?) throws(CommandFailure) {
        var models: [ModelConfiguration] = []
        do throws(ConfigurationError) {
            if let path { models = try EbbConfiguration.load(path, environment: [:]).models }
        } catch {
            throw CommandFailure("\(error)")
        }
        self.init(models)
    }

    /// One file for every model.
    package init(path: String) {
        self.paths = [:]
        self.path = path
    }

    package func tokenizer(of model: String) throws(PromptCountingError) -> Encoder? {
        guard let path = self.path ?? self.paths[model] else { return nil }
        let result = self.loaded.withLock { loaded in
            if let known = loaded[path] { return known }
            let result = Self.load(path)
            loaded[path] = result
            return result
        }
        return try result.get()
    }

    private static func load(_ path: String) -> Result<Encoder, PromptCountingError> {
        do {
            let bytes = try ByteInput(path: path).rest(limit: Self.fileBytesMax)
            let tokenizer = try TokenizerJSON(TokenizerDocument(json: bytes))
            return .success(Encoder(tokenizer))
        } catch let failure as CommandFailure {
            return .failure(.tokenizer(failure.message))
        } catch let error as JSONError {
            return .failure(.tokenizer("the tokenizer \(path) is not valid JSON: \(error.sentence)"))
        } catch {
            return .failure(.tokenizer("the tokenizer \(path) cannot be used: \(error)"))
        }
    }
}
