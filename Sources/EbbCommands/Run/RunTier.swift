import ConfigurationYAML
import Quantities

/// The price tier of a job and the time within which it is to be done.
struct RunTier: Hashable, Sendable {
    let tier: TierName
    let window: CompletionWindow

    /// Reads `standard` (or `default`), `flex`, `batch`, or a completion window (`2h`, `8h`, …), which is priced as the
    /// configuration says, else as the tier of its own name.
    ///
    /// - Throws: for everything else. Priority buys a place before others' requests; a job waits by its nature.
    init(_ text: String, windows: [BatchConfiguration.Window]) throws {
        switch text {
        case "standard", TierName.standard.text: self.init(.standard)
        case TierName.flex.text: self.init(.flex)
        case TierName.batch.text: self.init(.batch)
        default:
            guard let window = try? CompletionWindow(text) else {
                throw Self.refusal(text)
            }
            let configured = windows.first { $0.window.seconds == window.seconds }
            self.init(configured?.tier ?? TierName(text), window: window)
        }
    }

    private static func refusal(_ text: String) -> CommandFailure {
        let choice = "use standard, flex, batch, or a window such as 2h, 8h, 24h"
        if text == TierName.priority.text {
            return CommandFailure("--tier priority is for live requests, not for jobs: \(choice)")
        }
        let near = Suggestion.nearest(to: text, among: ["standard", "default", "flex", "batch"])
        let hint = near.map { "did you mean '\($0)'? Else " } ?? ""
        return CommandFailure("--tier '\(TextTable.printable(text))' is not a tier of jobs; \(hint)\(choice)")
    }

    private init(_ tier: TierName, window: CompletionWindow = .day) {
        self.tier = tier
        self.window = window
    }

    var description: String { "\(self.tier.spoken), due within \(self.window.text)" }
}
