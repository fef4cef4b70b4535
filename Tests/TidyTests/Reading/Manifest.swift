/// The targets of `Package.swift`, read from its text: name and folder.
///
/// The manifest is a table of few forms (`room`, `adapter`, `tests`, `.target`, the list of rooms), so that it can be
/// read without running it. A target in another form is missing here, and then its folder is reported
/// as belonging to no target.
struct Manifest {
    struct Target: Hashable {
        var name: String
        var folder: String
        var isTest: Bool { self.folder.hasPrefix("Tests/") }
    }

    let rooms: [String]
    let targets: [Target]

    init(text: String) {
        var rooms: [String] = []
        if let list = text.firstMatch(of: #/let rooms(?:: \[String\])? = \[([^\]]*)\]/#) {
            rooms = list.1.matches(of: #/"(\w+)"/#).map { String($0.1) }
        }
        var targets = rooms.flatMap { room in
            [
                Target(name: room, folder: "Sources/Domain/\(room)"),
                Target(name: "\(room)Tests", folder: "Tests/Domain/\(room)Tests"),
            ]
        }
        for match in text.matches(of: #/\broom\(\s*"(\w+)"/#) {
            rooms.append(String(match.1))
            targets.append(Target(name: String(match.1), folder: "Sources/Domain/\(match.1)"))
        }
        for match in text.matches(of: #/\badapter\(\s*"(\w+)"/#) {
            targets.append(Target(name: String(match.1), folder: "Sources/Adapters/\(match.1)"))
        }
        for match in text.matches(of: #/\.(?:target|executableTarget|systemLibrary)\(\s*name: "(\w+)"/#) {
            targets.append(Target(name: String(match.1), folder: "Sources/\(match.1)"))
        }
        for match in text.matches(of: #/\btests\(\s*"([^"]+)",\s*"(\w+)"/#) {
            targets.append(Target(name: String(match.2), folder: "\(match.1)/\(match.2)"))
        }
        self.rooms = rooms
        self.targets = targets.sorted { $0.folder < $1.folder }
    }

    func target(of path: String) -> Target? {
        self.targets.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
    }
}
