import Quantities

/// Reads the `models` section.
struct ModelReader {
    let engines: [EngineConfiguration]
    let file: String

    func models(_ value: YAMLValue) throws(ConfigurationError) -> [ModelConfiguration] {
        var models: [ModelConfiguration] = []
        for (key, value) in try value.pairs() {
            let fields = try value.fields([
                "engines", "default_max_output", "price_as", "tokenizer", "background_hours",
            ])
            var model = ModelConfiguration(name: try key.name(), targets: [])
            for element in try fields["engines"]?.elementsOrOne() ?? [] {
                let target = try self.target(element, model: model.name)
                if model.targets.contains(where: { $0.engine == target.engine && $0.engineModel == target.engineModel })
                {
                    throw element.error("the same engine and model are given twice")
                }
                // Places are given by engine: two hours at one could not be told apart.
                if model.targets.contains(where: {
                    $0.engine == target.engine && !$0.hasHours(of: target)
                }) {
                    throw element.error("'\(target.engine)' has other background hours for this model already")
                }
                model.targets.append(target)
            }
            if let value = fields["default_max_output"] {
                model.defaultMaxOutput = Int64(try value.integer(1...100_000_000))
            }
            if let value = fields["price_as"] { model.priceAs = try value.name() }
            if let value = fields["tokenizer"] {
                let path = FilePath.resolve(try value.name(), besides: self.file)
                if let problem = TextFile.problem(path) { throw value.error("'\(path)' \(problem)") }
                model.tokenizer = path
            }
            if let value = fields["background_hours"] { model.backgroundHours = try BackgroundHoursReader.hours(value) }
            models.append(model)
        }
        return models
    }

    /// An engine's name, or `{engine, model, weight, background_hours}`.
    private func target(_ value: YAMLValue, model: String) throws(ConfigurationError) -> ModelConfiguration.Target {
        guard value.isMapping else {
            return .init(engine: try self.engine(value), engineModel: model, weight: 1)
        }
        let fields = try value.fields(["engine", "model", "weight", "background_hours"])
        var target = ModelConfiguration.Target(
            engine: try self.engine(try fields.required("engine")),
            engineModel: try fields["model"]?.name() ?? model,
            weight: try fields["weight"]?.integer(1...1_000) ?? 1)
        if let value = fields["background_hours"] { target.backgroundHours = try BackgroundHoursReader.hours(value) }
        return target
    }

    private func engine(_ value: YAMLValue) throws(ConfigurationError) -> EngineID {
        let name = try value.name()
        guard self.engines.contains(where: { $0.name.text == name }) else {
            throw value.unknown("engine", name, self.engines.map(\.name.text))
        }
        return EngineID(name)
    }
}

extension ModelConfiguration.Target {
    fileprivate func hasHours(of other: Self) -> Bool {
        self.backgroundHours?.zone == other.backgroundHours?.zone
            && self.backgroundHours?.rules == other.backgroundHours?.rules
    }
}
