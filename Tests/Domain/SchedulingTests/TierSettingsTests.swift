import Quantities
import Scheduling
import Testing

@Suite("Tiers as an operator writes them") struct TierSettingsTests {
    static let projects: [(id: ProjectID, name: String)] = [("proj_1", "research"), ("proj_2", "shop")]

    static func settings() -> TierSettings {
        var settings = TierSettings()
        settings.rows[2].projects = ["research", "proj_2", "nobody"]
        settings.rules = [
            .init("research", policy: TierPolicy(standard: .flex, enabled: [.flex, .standard]), weight: 3),
            .init("later", weight: 2),
        ]
        return settings
    }

    @Test("names and ids become the projects that there are; the others are told")
    func bound() throws {
        let bound = try Self.settings().bound(to: Self.projects)
        #expect(bound.unknown == ["nobody", "later"] && bound.weights == ["proj_1": 3])
        #expect(bound.table.tier(.flex)?.projects == ["proj_1", "proj_2"])
        #expect(bound.table.resolve(nil, model: "m", project: "proj_1")?.name == .flex)
        #expect(bound.table.resolve("auto", model: "m", project: "proj_2")?.name == .standard)
        #expect(bound.table.resolve("priority", model: "m", project: "proj_1") == nil, "not enabled")
    }

    @Test("a tier of projects that do not exist yet is nobody's")
    func early() throws {
        var settings = TierSettings()
        settings.rows[2].projects = ["research"]
        let table = try settings.bound(to: []).table
        #expect(table.resolve("flex", model: "m", project: "proj_1") == nil)
        #expect(table.resolve(nil, model: "m", project: "proj_1")?.name == .standard)
    }

    @Test("batches are a tier that a project may be without")
    func batches() throws {
        let table = try Self.settings().bound(to: Self.projects).table
        #expect(!table.offersBatches(.batch, project: "proj_1"))
        #expect(table.offersBatches(.batch, project: "proj_2"))
        #expect(table.offersBatches("17h", project: "proj_2"), "no row, no rule")
    }

    @Test("a rule for a tier that does not exist, and a word that two tiers claim, are flaws")
    func flaws() {
        var settings = TierSettings()
        settings.rules = [.init("research", policy: TierPolicy(standard: "warp"))]
        #expect(throws: TierTable.Flaw.unknownTier("warp")) { try settings.bound(to: Self.projects) }
        settings = TierSettings()
        settings.rows[2].tier.aliases = ["fast"]
        #expect(throws: TierTable.Flaw.wordTaken("fast")) { try settings.bound(to: []) }
    }
}
