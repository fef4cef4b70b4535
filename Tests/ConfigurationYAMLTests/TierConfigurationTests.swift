import ConfigurationYAML
import Pricing
import Quantities
import Scheduling
import Testing

@Suite struct TierConfigurationTests {
    func parse(_ text: String) throws -> EbbConfiguration { try EbbConfiguration.parse(text, file: "/e/ebb.yaml") }

    func row(_ name: TierName, _ configuration: EbbConfiguration) throws -> TierSettings.Row {
        try #require(configuration.tiers.rows.first { $0.tier.name == name })
    }

    @Test("an empty file has the shipped tiers")
    func shipped() throws {
        let configuration = try parse("")
        #expect(configuration.tiers.rows.map(\.tier) == TierTable.shippedRows)
        #expect(configuration.tiers.rules == [])
    }

    @Test("a row changes what it names of a shipped tier")
    func change() throws {
        let configuration = try parse(
            "tiers: {flex: {patience: 0s, models: [a, b], projects: research}, priority: {aliases: [fast, now]}}")
        let flex = try row(.flex, configuration)
        #expect(flex.tier.patience == .zero && flex.tier.waitMax == .seconds(900) && flex.tier.lane == .flex)
        #expect(flex.tier.models == ["a", "b"] && flex.projects == ["research"])
        #expect(try row(.priority, configuration).tier.aliases == ["fast", "now"])
        #expect(configuration.tiers.rows.map(\.tier.name) == TierTable.shippedRows.map(\.name))
        #expect(try parse("tiers: {standard: {wait_max: 1m}}").tiers.rows[0].tier.waitMax == .seconds(60))
    }

    @Test("a new row waits as its lane does, and is charged as it says")
    func fresh() throws {
        let configuration = try parse("tiers: {eco: {lane: flex, aliases: slow, price_as: batch}}")
        let eco = try row("eco", configuration).tier
        #expect(eco.patience == .seconds(300) && eco.waitMax == .seconds(900) && eco.window == nil)
        #expect(eco.aliases == ["slow"] && configuration.tiers.pricedAs == ["eco": .batch])
        let table = try configuration.tiers.bound(to: []).table
        #expect(table.resolve("slow", model: "m", project: "p")?.name == "eco")
    }

    @Test("a row with a window is a window that batches may ask for, and a window of batch is a tier")
    func windows() throws {
        let configuration = try parse(
            "{batch: {windows: [24h, 2h]}, tiers: {night: {window: 12h, price_as: batch, models: [a]}}}")
        #expect(try row("night", configuration).tier.models == ["a"])
        #expect(configuration.batch.windows.map(\.window.text) == ["2h", "12h", "24h"])
        #expect(configuration.batch.windows.map(\.tier) == ["2h", "night", .batch])
        #expect(try row("night", configuration).tier.lane == .batch)
        #expect(try row("2h", configuration).tier.window?.text == "2h")
        let named = try parse("{batch: {windows: {8h: night}}, tiers: {night: {lane: batch, window: 8h}}}")
        #expect(named.batch.windows.map(\.tier) == ["night"])
    }

    @Test("the shipped windows are tiers, until a row or the list of windows says otherwise")
    func shippedWindows() throws {
        let plain = try parse("tiers: {8h: {price_as: batch}}")
        #expect(plain.batch.windows.map(\.tier) == ["2h", "8h", .batch])
        #expect(plain.tiers.pricedAs == ["8h": .batch])
        #expect(try row("2h", plain).tier.lane == .batch && row("2h", plain).tier.window == .twoHours)
        let taken = try parse("tiers: {work: {window: 8h}, lunch: {window: 2h}}")
        #expect(taken.batch.windows.map(\.tier) == ["lunch", "work", .batch])
        #expect(try parse("batch: {windows: 24h}").batch.windows.map(\.tier) == [.batch])
        let some = try parse("{batch: {windows: [24h, 8h]}, projects: {a: {tiers: [default, 2h]}}}")
        #expect(some.batch.windows.map(\.tier) == ["8h", .batch], "a tier without a window is offered to nobody")
    }

    @Test("projects have a tier of their own, enabled tiers, a fallback and a weight")
    func projects() throws {
        let configuration = try parse(
            """
            projects:
              research: {default_tier: flex, tiers: [standard, flex, batch], weight: 3,
                         fallback: {tier: standard, after: 30s}}
              proj_x: {tiers: [default, fast], fallback: fast}
            """)
        let rules = configuration.tiers.rules
        #expect(rules.map(\.project) == ["research", "proj_x"] && rules.map(\.weight) == [3, 1])
        #expect(rules[0].policy.standard == .flex && rules[0].policy.enabled == [.standard, .flex, .batch])
        #expect(rules[0].policy.fallback == TierFallback(tier: .standard, after: .seconds(30)))
        #expect(rules[1].policy.fallback == TierFallback(tier: .priority))
        #expect(rules[1].policy.enabled == [.standard, .priority])
    }

    @Test("an engine's protection is a profile or times that must hold")
    func protection() throws {
        func read(_ text: String) throws -> Protection? {
            try parse("engines: [{name: a, url: 'http://x', protection: \(text)}]").engines.first?.protection
        }
        #expect(try read("protect") == .protect)
        #expect(try read("none") == Protection.none)
        #expect(
            try read("{first_token: 500ms, gap: 50ms}")
                == .objective(firstToken: .milliseconds(500), gap: .milliseconds(50)))
        #expect(try parse("engines: [{name: a, url: 'http://x'}]").engines.first?.protection == .balanced)
    }

    @Test("background hours are the rules of a price schedule in a zone")
    func backgroundHours() throws {
        func read(_ zone: String) throws -> BackgroundHours? {
            try parse(
                "engines: [{name: a, url: 'http://x', background_hours: {\(zone)rules: [{days: mon-fri, "
                    + "hours: ['22:00-06:00']}, {days: [sat, sun], hours: '00:00-24:00'}]}}]"
            ).engines.first?.backgroundHours
        }
        let hours = try #require(try read("zone: Europe/Berlin, "))
        #expect(hours.zone == .named("Europe/Berlin") && hours.place.line == 1)
        #expect(hours.rules.map(\.weekdays) == [[1, 2, 3, 4, 5], [6, 7]])
        #expect(hours.rules[0].hours == [.init(start: 79_200, end: 21_600)])
        #expect(try read("utc_offset: '+05:30', ")?.zone == .offset(19_800))
        #expect(try read("")?.zone == .offset(0))
    }

    @Test("a model may have hours of its own, on all engines or on one")
    func modelHours() throws {
        let read = try parse(
            """
            engines: [{name: a, url: 'http://x'}, {name: b, url: 'http://y'}]
            models:
              llama:
                background_hours: {zone: Asia/Tokyo, rules: [{hours: '01:00-06:00'}]}
                engines:
                  - {engine: a, background_hours: {utc_offset: '-05:00', rules: [{hours: '00:00-24:00'}]}}
                  - b
              qwen: {background_hours: {rules: [{days: sun, hours: '00:00-24:00'}]}}
            """)
        let llama = try #require(read.models.first)
        #expect(llama.backgroundHours?.zone == .named("Asia/Tokyo") && llama.backgroundHours?.place.line == 4)
        #expect(llama.targets.map(\.backgroundHours?.zone) == [.offset(-18_000), nil])
        #expect(read.models.last?.backgroundHours?.rules.map(\.weekdays) == [[7]])
    }

    static let mistakes: [(String, String)] = [
        (
            "models:\n  m: {background_hours: {rule: [{hours: '01:00-02:00'}]}}",
            "2:26: models.m.background_hours.rule: unknown key 'rule'; did you mean 'rules'?"
        ),
        (
            "engines: [{name: a, url: 'http://x'}]\nmodels:\n  m:\n    engines:\n"
                + "    - {engine: a, background_hours: {rules: [{hours: noon}]}}",
            "5:54: models.m.engines[0].background_hours.rules[0].hours: 'noon' are no hours"
        ),
        (
            "engines: [{name: a, url: 'http://x'}]\nmodels: {m: {engines: [{engine: a, model: x}, "
                + "{engine: a, model: y, background_hours: {rules: [{hours: '01:00-02:00'}]}}]}}",
            "models.m.engines[1]: 'a' has other background hours for this model already"
        ),
        ("tiers: {flex: {patienc: 1s}}", "1:16: tiers.flex.patienc: unknown key 'patienc'; did you mean 'patience'?"),
        ("tiers: {eco: {patience: 1s}}", "1:14: tiers.eco: 'lane' is missing"),
        ("tiers: {eco: {lane: slow}}", "unknown value 'slow'; known: batch, flex, priority, standard"),
        (
            "tiers:\n  eco: {lane: flex, aliases: [fast]}",
            "2:31: tiers.eco.aliases[0]: the word 'fast' is taken by the tier 'priority'"
        ),
        ("tiers: {fast: {lane: flex}}", "1:9: tiers.fast: the word 'fast' is taken by the tier 'priority'"),
        ("tiers: {eco: {lane: flex, aliases: [x, x]}}", "tiers.eco.aliases[1]: the word 'x' is given twice"),
        ("tiers: {auto: {lane: flex}}", "'auto' is what a project's default_tier means"),
        ("tiers: {eco: {lane: flex, aliases: auto}}", "'auto' is what a project's default_tier means"),
        ("tiers: {flex: {lane: standard}}", "'flex' stays in its lane; add a tier of another name"),
        ("tiers: {flex: {window: 2h}}", "1:24: tiers.flex.window: only a tier of lane 'batch' has a window"),
        ("tiers: {eco: {lane: batch}}", "a tier of lane 'batch' needs a window, such as 8h"),
        ("tiers: {eco: {window: soon}}", "'soon' is not a completion window"),
        ("tiers: {eco: {window: 2h, patience: 1s}}", "a tier of batches has no 'patience'"),
        ("tiers: {eco: {window: 24h}}", "the window '24h' is that of the tier 'batch'"),
        ("tiers: {eco: {window: 2h}, two: {window: 120m}}", "the window '120m' is that of the tier 'eco'"),
        ("tiers: {eco: {lane: flex, price_as: bacth}}", "unknown tier 'bacth'; did you mean 'batch'?"),
        ("projects: {a: {default: flex}}", "unknown key 'default'"),
        ("projects: {a: {default_tier: flx}}", "unknown tier 'flx'; did you mean 'flex'?"),
        ("projects: {a: {default_tier: batch}}", "'batch' is a tier of batches, not of requests"),
        ("projects: {a: {tiers: [flex]}}", "without 'default' the project needs a default_tier"),
        ("projects: {a: {tiers: [default], fallback: flex}}", "'flex' is not among the project's tiers"),
        ("projects: {a: {weight: 0}}", "must lie between 1 and 1000, not 0"),
        (
            "{tiers: {flex: {projects: research}}, projects: {a: {default_tier: flex}}}",
            "the tier 'flex' is for research only"
        ),
        (
            "engines: [{name: a, url: 'http://x', background_hours: {zone: Z, utc_offset: Z, rules: []}}]",
            "needs either 'zone' or 'utc_offset'"
        ),
        ("engines: [{name: a, url: 'http://x', kind: llamacpp, priorities: true}]", "have no priorities"),
        ("engines: [{name: a, url: 'http://x', background_hours: {rules: []}}]", "needs at least one rule"),
        ("engines: [{name: a, url: 'http://x', background_hours: {rules: [{hours: night}]}}]", "are no hours"),
        (
            "engines: [{name: a, url: 'http://x', background_hours: {rules: [{hours: '07:00-07:00'}]}}]",
            "'07:00-07:00' ends as it begins"
        ),
        ("engines: [{name: a, url: 'http://x', protection: much}]", "unknown value 'much'"),
        ("engines: [{name: a, url: 'http://x', protection: {gap: 1s}}]", "'first_token' is missing"),
    ]

    @Test("a mistake is an error with its place", arguments: mistakes)
    func mistake(_ text: String, _ expected: String) {
        let error = refusal { () throws(ConfigurationError) in
            try EbbConfiguration.parse(text, file: "e")
        }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "accepted")")
        #expect(error?.place.line ?? 0 > 0)
    }
}
