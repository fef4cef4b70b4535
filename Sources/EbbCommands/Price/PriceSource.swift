package import ConfigurationYAML
package import Pricing

/// The price book that a command works with, and the configuration that it came from.
package struct PriceSource: Sendable {
    package let book: PriceBook
    /// The defaults where no file was named.
    package let configuration: EbbConfiguration
    /// Models that are priced under another name (`price_as`).
    package let priceNames: [String: String]

    /// The shipped book under the files of `prices`, later files over earlier ones.
    ///
    /// - Parameter configuration: path of an `ebb.yaml` whose prices apply too; `prices` lie over them.
    package init(configuration path: String?, prices: [String]) throws(CommandFailure) {
        do throws(ConfigurationError) {
            var configuration = EbbConfiguration()
            if let path { configuration = try EbbConfiguration.load(path, environment: [:]) }
            configuration.prices.files += prices
            self.book = try configuration.prices.book(
                shipped: String(decoding: PackageResources.prices_yaml, as: UTF8.self))
            self.configuration = configuration
        } catch {
            throw CommandFailure("\(error)")
        }
        var names: [String: String] = [:]
        for model in self.configuration.models {
            if let priced = model.priceAs { names[model.name] = priced }
        }
        self.priceNames = names
    }

    /// The name under which `model` is priced.
    package func priceName(_ model: String) -> String { self.priceNames[model] ?? model }
}
