import ConfigurationYAML
import Quantities

/// The price tier of a job and the time within which it is to be done.
struct RunTier: Hashable, Sendable {
    let tier: TierName
    let window: CompletionWindow

    /// Reads `standard`, `flex`, `priority`, `batch`, or a completion window (`2h`, `8h`, …), which is priced as the
    /// configuration says, else as the tier of its own name.
    init(_ text: String, windows: [BatchConfiguration.Window]) throws {
        switch text {
        case "standard", TierName.standard.text: self.init(.standard)
        case TierName.flex.text: self.init(.flex)
        case TierName.priority.text: self.init(.priority)
        case TierName.batch.text: self.init(.batch)
        default:
            guard let window = try? CompletionWindow(text) else {
                throw CommandFailure(
                    "--tier '\(text)' is not a tier: use standard, flex, batch, or a window such as 2h, 8h, 24h"
                )
            }
            let configured = windows.first { $0.window.seconds == window.seconds }
            self.init(configured?.tier ?? TierName(text), window: window)
        }
    }

    private init(_ tier: TierName, window: CompletionWindow = .day) {
        self.tier = tier
        self.window = window
    }

    var description: String { "\(self.tier.text), due within \(self.window.text)" }
}
