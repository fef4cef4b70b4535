public import Pricing

extension PriceConfiguration {
    /// The price book that results from all layers.
    ///
    /// - Parameter shipped: the text of the book that Ebb ships with.
    public func book(shipped: String) throws(ConfigurationError) -> PriceBook {
        var layers: [PriceList] = []
        if self.useShipped { layers.append(try PriceList.read(shipped, file: "prices.yaml (shipped)")) }
        for file in self.files { layers.append(try PriceList.read(try TextFile.read(file), file: file)) }
        if let own = self.own { layers.append(own) }
        var list = layers.first ?? PriceList(version: "none", entries: [], aliases: [], schedules: [], tierRules: [])
        for layer in layers.dropFirst() { list = list.overlaid(with: layer) }
        return try list.book()
    }
}
