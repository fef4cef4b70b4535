/// Port: a running digest over bytes, for checksums that clients send along.
public protocol ByteDigest {
    mutating func update(_ bytes: [UInt8])
    /// Lower-case hex of the digest over everything so far.
    func hex() -> String
}
