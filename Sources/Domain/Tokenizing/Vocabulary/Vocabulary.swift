/// The ranks of a byte-pair encoding, laid out for look-up by token bytes and by rank.
///
/// Memory is about 7 MB for cl100k_base and 12 MB for o200k_base. Copies share storage.
public struct Vocabulary: Sendable {
    /// The encoding whose split rule and special tokens go with these ranks.
    public let encoding: EncodingName
    /// How many ordinary tokens there are; special tokens are not counted.
    public let tokenCount: Int

    let store: TokenStore

    /// Reads the bytes of a rank file: lines of `base64 rank` in any order.
    ///
    /// - Throws: `malformedRankLine`, `duplicate`, `emptyVocabulary`, `tooLarge`, or `missingByte` when one of the
    ///   256 single bytes has no token.
    public init(rankFile: [UInt8], encoding: EncodingName) throws(TokenizingError) {
        let result: Result<RankFileReader, TokenizingError> = rankFile.withUnsafeBufferPointer { file in
            do throws(TokenizingError) {
                return .success(try RankFileReader(file))
            } catch {
                return .failure(error)
            }
        }
        let reader = try result.get()
        self.encoding = encoding
        self.tokenCount = reader.spans.count { $0 != 0 }
        self.store = try TokenStore(blob: reader.blob, spans: reader.spans)
    }
}
