/// The bytes of every token by rank, and the way back.
struct TokenStore: Sendable {
    let blob: [UInt8]
    /// For each rank `offset << 32 | length` into `blob`; 0 where there is no token.
    let spans: [UInt64]
    let index: TokenIndex

    init(blob: [UInt8], spans: [UInt64]) throws(TokenizingError) {
        self.blob = blob
        self.spans = spans
        self.index = try TokenIndex(blob: blob, spans: spans)
    }

    /// The bytes of the token `rank`, or nil when there is none.
    func bytes(ofToken rank: UInt32) -> ArraySlice<UInt8>? {
        guard rank < self.spans.count, self.spans[Int(rank)] != 0 else { return nil }
        let span = self.spans[Int(rank)]
        let start = Int(span >> 32)
        return self.blob[start..<start + Int(span & 0xFFFF_FFFF)]
    }
}

extension TokenStore {
    /// Runs `body` with the tables as pointers.
    func withLookup<Result>(_ body: (TokenLookup) -> Result) -> Result {
        self.index.ones.withUnsafeBufferPointer { ones in
            self.index.twos.withUnsafeBufferPointer { twos in
                self.index.short.withUnsafeBufferPointer { short in
                    self.index.long.withUnsafeBufferPointer { long in
                        self.spans.withUnsafeBufferPointer { spans in
                            self.withFilterAndBlob { filter, blob in
                                guard let ones = ones.baseAddress, let twos = twos.baseAddress,
                                    let shortBase = short.baseAddress, let longBase = long.baseAddress,
                                    let spans = spans.baseAddress
                                else { preconditionFailure("the tables of a store are never empty") }
                                return body(
                                    TokenLookup(
                                        ones: ones, twos: twos, short: shortBase, shortMask: short.count / 2 - 1,
                                        long: longBase, longMask: long.count - 1, spans: spans, blob: blob,
                                        filter: filter,
                                        longestToken: self.index.longestToken))
                            }
                        }
                    }
                }
            }
        }
    }

    private func withFilterAndBlob<Result>(
        _ body: (UnsafePointer<UInt64>, UnsafePointer<UInt8>) -> Result
    ) -> Result {
        self.index.filter.withUnsafeBufferPointer { filter in
            self.blob.withUnsafeBufferPointer { blob in
                guard let filter = filter.baseAddress, let blob = blob.baseAddress else {
                    preconditionFailure("the tables of a store are never empty")
                }
                return body(filter, blob)
            }
        }
    }
}
