/// Makes API keys: `sk-ebb-` and 32 random bytes in URL-safe text. Shown once, stored as a hash.
public enum KeySecret {
    public static let prefix = "sk-ebb-"

    public static func make(_ randomness: some Randomness) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        // 43 characters of 6 bits carry 256 bits; each random byte gives one character without bias.
        let characters = randomness.secureBytes(43).map { alphabet[Int($0 & 63)] }
        return Self.prefix + String(decoding: characters, as: UTF8.self)
    }

    /// What people may see of a secret: `sk-ebb-…4f2a`. Short texts show nothing.
    public static func hint(_ secret: String) -> String {
        guard secret.utf8.count >= 16 else { return "…" }
        let head = secret.hasPrefix(Self.prefix) ? Self.prefix : String(secret.prefix(3))
        return head + "…" + secret.suffix(4)
    }
}
