import Quantities

/// Reads the `models` section.
struct ModelReader {
    static let encodings = ["cl100k_base", "o200k_base", "o200k_harmony", "p50k_base", "r50k_base"]

    let file: String
    let engines: [EngineConfiguration]

    func models(_ value: YAMLValue) throws(ConfigurationError) -> [ModelConfiguration] {
        var models: [ModelConfiguration] = []
        for (key, value) in try value.pairs() {
            let fields = try value.fields(["engines", "default_max_output", "tokenizer", "price_as"])
            var model = ModelConfiguration(name: try key.name(), targets: [])
            for element in try fields["engines"]?.elementsOrOne() ?? [] {
                let target = try self.target(element, model: model.name)
                if model.targets.contains(where: { $0.engine == target.engine && $0.engineModel == target.engineModel })
                {
                    throw element.error("the same engine and model are given twice")
                }
                model.targets.append(target)
            }
            if let value = fields["default_max_output"] {
                model.defaultMaxOutput = Int64(try value.integer(1...100_000_000))
            }
            if let value = fields["tokenizer"] { model.tokenizer = try self.tokenizer(value) }
            if let value = fields["price_as"] { model.priceAs = try value.name() }
            models.append(model)
        }
        return models
    }

    /// An engine's name, or `{engine, model, weight}`.
    private func target(_ value: YAMLValue, model: String) throws(ConfigurationError) -> ModelConfiguration.Target {
        guard value.isMapping else {
            return .init(engine: try self.engine(value), engineModel: model, weight: 1)
        }
        let fields = try value.fields(["engine", "model", "weight"])
        return .init(
            engine: try self.engine(try fields.required("engine")),
            engineModel: try fields["model"]?.name() ?? model,
            weight: try fields["weight"]?.integer(1...1_000) ?? 1)
    }

    private func engine(_ value: YAMLValue) throws(ConfigurationError) -> EngineID {
        let name = try value.name()
        guard self.engines.contains(where: { $0.name.text == name }) else {
            throw value.unknown("engine", name, self.engines.map(\.name.text))
        }
        return EngineID(name)
    }

    /// `engine`, `{encoding: o200k_base}` or `{file: PATH}`.
    private func tokenizer(_ value: YAMLValue) throws(ConfigurationError) -> ModelConfiguration.Tokenizer {
        guard value.isMapping else {
            guard try value.text() == "engine" else {
                throw value.error("must be 'engine', {encoding: NAME} or {file: PATH}")
            }
            return .engine
        }
        let fields = try value.fields(["encoding", "file"])
        switch (fields["encoding"], fields["file"]) {
        case (let encoding?, nil):
            let name = try encoding.name()
            guard Self.encodings.contains(name) else { throw encoding.unknown("encoding", name, Self.encodings) }
            return .encoding(name)
        case (nil, let path?):
            return .file(FilePath.resolve(try path.name(), besides: self.file))
        default:
            throw value.error("needs either 'encoding' or 'file'")
        }
    }
}
