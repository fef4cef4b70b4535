import Gateway
import Quantities

extension Money {
    /// A limit as a column holds it: decimal picodollars, because 64 bits end at 9.2 million dollars.
    var column: String { String(self.picodollars) }

    init?(column text: String?) throws(StoreFailure) {
        guard let text else { return nil }
        guard let value = Int128(text) else { throw .unavailable("the database is damaged: '\(text)' is no amount") }
        self.init(picodollars: value)
    }
}
