import Gateway
import Quantities
import Testing

@Suite("Every store keeps projects and keys") struct ProjectStoreTests {
    @Test("a project comes back as it was stored", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            var project = Samples.project()
            project.spendCap = Money(dollars: 20_000_000)
            try await store.insert(project)
            #expect(try await store.project("proj_a") == project)
            #expect(try await store.project(named: "proj_a") == project)
            #expect(try await store.project("proj_b") == nil)
            #expect(try await store.project(named: "other") == nil)
        }
    }

    @Test("a name is taken once, also by renaming", arguments: StoreKind.allCases)
    func uniqueNames(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project("proj_a", name: "one"))
            try await store.insert(Samples.project("proj_b", name: "two", second: 1))
            await expectConflict { try await store.insert(Samples.project("proj_c", name: "one")) }
            await expectConflict { try await store.update(Samples.project("proj_b", name: "one")) }
            #expect(try await store.projects().map(\.name) == ["one", "two"])
        }
    }

    @Test(
        "an update changes name, archive date and cap; an unknown project is not found", arguments: StoreKind.allCases)
    func update(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            var project = Samples.project()
            try await store.insert(project)
            project.name = "renamed"
            project.archivedAt = Samples.at(9)
            project.spendCap = Money(dollars: 1)
            try await store.update(project)
            #expect(try await store.project("proj_a") == project)
            await #expect(throws: StoreFailure.notFound) { try await store.update(Samples.project("proj_x")) }
        }
    }

    @Test("keys come oldest first, of one project when asked, revoked ones too", arguments: StoreKind.allCases)
    func keys(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project("proj_a"))
            try await store.insert(Samples.project("proj_b"))
            try await store.insert(Samples.key("key_2", byte: 2, second: 2))
            try await store.insert(Samples.key("key_1", byte: 1, second: 1))
            try await store.insert(Samples.key("key_3", project: "proj_b", byte: 3, second: 3))
            #expect(try await store.keys(of: nil).map(\.id) == ["key_1", "key_2", "key_3"])
            #expect(try await store.keys(of: "proj_a").map(\.id) == ["key_1", "key_2"])
            #expect(try await store.keys(of: "proj_a").first == Samples.key("key_1", byte: 1, second: 1))

            #expect(try await store.revoke("key_1", at: Samples.at(5)))
            #expect(try await store.revoke("key_1", at: Samples.at(6)))
            #expect(try await !store.revoke("key_x", at: Samples.at(6)))
            #expect(try await store.keys(of: "proj_a").map(\.revokedAt) == [Samples.at(5), nil])
        }
    }

    @Test("a hash exists once, and a key needs its project", arguments: StoreKind.allCases)
    func keyRules(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project("proj_a"))
            try await store.insert(Samples.key("key_1", byte: 1))
            await expectConflict { try await store.insert(Samples.key("key_2", byte: 1)) }
            await #expect(throws: StoreFailure.notFound) {
                try await store.insert(Samples.key("key_3", project: "proj_x", byte: 3))
            }
        }
    }

    @Test("each change of access moves the generation, reading does not", arguments: StoreKind.allCases)
    func generation(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            var last = try await store.accessGeneration()
            func expectMoved() async throws {
                let now = try await store.accessGeneration()
                #expect(now > last)
                last = now
            }
            try await store.insert(Samples.project())
            try await expectMoved()
            try await store.update(Samples.project(name: "renamed"))
            try await expectMoved()
            try await store.insert(Samples.key("key_1", byte: 1))
            try await expectMoved()
            _ = try await store.revoke("key_1", at: Samples.start)
            try await expectMoved()
            _ = try await store.keys(of: nil)
            #expect(try await store.accessGeneration() == last)
        }
    }
}

/// The body fails with a conflict, whatever its text.
func expectConflict(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
    await #expect(sourceLocation: sourceLocation) {
        try await body()
    } throws: { error in
        if case .conflict = error as? StoreFailure { true } else { false }
    }
}
