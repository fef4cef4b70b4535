/// Tiles of 512 pixels (prices-and-finops 3.1).
enum TileGrid {
    private static let tile = 512
    private static let longLimit = 2048
    private static let shortLimit = 768

    /// What an image of the largest allowed shape, 2048 by 768, has.
    static let mostTiles = 8

    /// Shrinks to fit 2048 by 2048, then the shorter side to 768, never enlarges; counts the tiles that are touched.
    ///
    /// Both steps keep the ratio, so together they are one scale: the smallest of 1, 2048/long and 768/short.
    static func tiles(in size: ImageSize) -> Int {
        var numerator = 1
        var denominator = 1
        if size.longSide > Self.longLimit { (numerator, denominator) = (Self.longLimit, size.longSide) }
        if Self.shortLimit * denominator < numerator * size.shortSide {
            (numerator, denominator) = (Self.shortLimit, size.shortSide)
        }
        func count(_ side: Int) -> Int { dividedUp(side * numerator, by: Self.tile * denominator) }
        return count(size.width) * count(size.height)
    }
}

/// The quotient of two positive numbers, rounded up.
func dividedUp(_ value: Int, by divisor: Int) -> Int { (value + divisor - 1) / divisor }
