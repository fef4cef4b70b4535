import Crypto
public import Gateway

/// MD5 for the checksum of `/v1/uploads/{id}/complete`; not for security.
public struct MD5Digest: ByteDigest {
    private var hash = Insecure.MD5()

    public init() {}

    public mutating func update(_ bytes: [UInt8]) { self.hash.update(data: bytes) }

    public func hex() -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self.hash.finalize() { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
