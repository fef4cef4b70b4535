import Quantities

/// Reads the `projects` section.
enum ProjectReader {
    static func projects(_ value: YAMLValue) throws(ConfigurationError) -> [ProjectConfiguration] {
        var projects: [ProjectConfiguration] = []
        for element in try value.elements() {
            let project = try self.project(element)
            if projects.contains(where: { $0.id == project.id }) {
                throw element.error("another project is called '\(project.id)'")
            }
            projects.append(project)
        }
        return projects
    }

    private static func project(_ value: YAMLValue) throws(ConfigurationError) -> ProjectConfiguration {
        let fields = try value.fields([
            "id", "name", "tiers", "default_tier", "unpriced", "zero_retention", "monthly_budget",
        ])
        let id = try EngineReader.identifier(try fields.required("id"))
        var project = ProjectConfiguration(id: ProjectID(id), name: try fields["name"]?.name() ?? id)
        if let value = fields["tiers"] { project.tiers = try self.tiers(value) }
        if let value = fields["default_tier"] { project.defaultTier = TierName(try value.name()) }
        if let tiers = project.tiers, !tiers.contains(project.defaultTier) {
            throw (fields["default_tier"] ?? value).error(
                "the default tier '\(project.defaultTier)' is not among the project's tiers")
        }
        if let value = fields["unpriced"] { project.unpriced = try value.choice(ProjectConfiguration.Unpriced.self) }
        if let value = fields["zero_retention"] { project.zeroRetention = try value.bool() }
        if let value = fields["monthly_budget"] { project.monthlyBudget = try self.dollars(value) }
        return project
    }

    /// A list of tiers, or `all` for nil.
    private static func tiers(_ value: YAMLValue) throws(ConfigurationError) -> [TierName]? {
        if !value.isSequence, try value.text() == "all" { return nil }
        var tiers: [TierName] = []
        for element in try value.elements() { tiers.append(TierName(try element.name())) }
        return tiers
    }

    private static func dollars(_ value: YAMLValue) throws(ConfigurationError) -> Money {
        let text = try value.text()
        do throws(QuantityError) {
            let money = try Money(decimalDollars: text)
            guard money >= .zero else { throw QuantityError.outOfRange(text) }
            return money
        } catch {
            throw value.error("'\(text)' is not an amount in dollars such as 250 or 99.50")
        }
    }
}
