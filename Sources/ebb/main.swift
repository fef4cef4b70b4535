import EbbCommands

await EbbCommand.main()
