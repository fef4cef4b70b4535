import ArgumentParser

/// `ebb files`: the files of a gateway.
struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Uploads, lists, shows, downloads and deletes files of a gateway.",
        discussion: """
            ebb files upload prompts.jsonl
            ebb files list --purpose batch_output
            ebb files content file-… --output results.jsonl
            """,
        subcommands: [
            FilesUploadCommand.self, FilesListCommand.self, FilesShowCommand.self, FilesContentCommand.self,
            FilesDeleteCommand.self,
        ])
}
