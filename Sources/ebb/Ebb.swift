import ArgumentParser
import EbbCommands

@main
struct Ebb {
    static func main() async { await EbbCommand.launch() }
}
