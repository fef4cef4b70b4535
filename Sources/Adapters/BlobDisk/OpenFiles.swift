import Gateway

/// The files that were read last, kept open. The one unused for longest makes room.
struct OpenFiles {
    private let max: Int
    private var files: [BlobKey: (file: BlobFile, lastUse: UInt64)] = [:]
    private var uses: UInt64 = 0

    init(max: Int) { self.max = max }

    mutating func find(_ key: BlobKey) -> BlobFile? {
        guard let known = self.files[key] else { return nil }
        self.uses += 1
        self.files[key] = (known.file, self.uses)
        return known.file
    }

    mutating func keep(_ file: BlobFile, for key: BlobKey) {
        if self.files.count >= self.max, self.files[key] == nil,
            let oldest = self.files.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            self.files[oldest.key] = nil
        }
        self.uses += 1
        self.files[key] = (file, self.uses)
    }

    mutating func forget(_ key: BlobKey) { self.files[key] = nil }
}
