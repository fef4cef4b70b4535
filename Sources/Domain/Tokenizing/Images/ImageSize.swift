/// Width and height of an image in pixels, each from 1 to 2^31 - 1.
public struct ImageSize: Hashable, Sendable {
    public let width: Int
    public let height: Int

    /// Nil when a side is out of range.
    public init?(width: Int, height: Int) {
        let range = 1...Int(Int32.max)
        guard range.contains(width), range.contains(height) else { return nil }
        self.width = width
        self.height = height
    }

    var longSide: Int { max(self.width, self.height) }
    var shortSide: Int { min(self.width, self.height) }
}

/// How closely a model is asked to look at an image.
public enum ImageDetail: String, Hashable, Sendable, CaseIterable {
    case low, high, auto, original
}
