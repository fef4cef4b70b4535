/// The data folder of jobs that run without a server.
package enum RunFolder {
    /// `$XDG_DATA_HOME/ebb/run`, else `~/.local/share/ebb/run`; nil when neither variable names a folder.
    package static func standard(_ environment: [String: String]) -> String? {
        if let base = environment["XDG_DATA_HOME"], base.hasPrefix("/") { return base + "/ebb/run" }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return home + "/.local/share/ebb/run"
    }

    /// The folder that was named, else the standard one.
    static func choose(_ named: String?) throws(CommandFailure) -> String {
        guard let folder = named ?? self.standard(ProcessEnvironment.all) else {
            throw CommandFailure("HOME is not set; say where the data goes with --data")
        }
        return folder
    }
}
