import Gateway
import OpenAIWire
import Quantities

/// What a batch waits for, in words: `engine capacity`, `background hours until 2026-11-22T20:00:00Z`.
enum WaitText {
    static func of(_ wait: BatchWait) -> String {
        self.text(wait.name, until: wait.until.map { ShownTime.text($0) })
    }

    /// From a batch object's `ebb` member; nil while the batch goes on.
    static func of(_ object: JSONValue) -> String? {
        self.told(object["ebb"])
    }

    /// From an object with `waiting_for` and `waiting_until`.
    static func told(_ object: JSONValue?) -> String? {
        object?["waiting_for"]?.string.map { self.text($0, until: ShownTime.text(object?["waiting_until"])) }
    }

    private static func text(_ name: String, until: String?) -> String {
        TextTable.printable(name.replacing("_", with: " ")) + (until.map { " until \($0)" } ?? "")
    }
}
