/// Where the texts of one row lie while SQLite reads them: one copy and no allocation for each, where SQLite's own copy
/// would cost both.
///
/// Not for concurrent use. A copy is valid until the next `reset`.
final class TextArena {
    private var bytes: UnsafeMutablePointer<CChar>
    private var capacity: Int
    private var used = 0

    init() {
        self.capacity = 1_024
        self.bytes = .allocate(capacity: self.capacity)
    }

    deinit { self.bytes.deallocate() }

    /// Forgets all copies and makes room for texts of so many bytes together.
    func reset(room: Int) {
        self.used = 0
        guard room > self.capacity else { return }
        self.bytes.deallocate()
        self.capacity = room
        self.bytes = .allocate(capacity: room)
    }

    func copy(_ text: String) -> UnsafeBufferPointer<CChar> {
        var text = text
        let start = self.bytes + self.used
        let count = text.withUTF8 { utf8 in
            precondition(utf8.count <= self.capacity - self.used, "more text than there was said to be")
            if let base = utf8.baseAddress {
                UnsafeMutableRawPointer(start).copyMemory(from: base, byteCount: utf8.count)
            }
            return utf8.count
        }
        self.used += count
        return UnsafeBufferPointer(start: start, count: count)
    }
}
