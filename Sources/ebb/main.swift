import ArgumentParser
import EbbCommands

await EbbCommand.main()
