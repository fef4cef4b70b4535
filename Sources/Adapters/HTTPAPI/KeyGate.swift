import Crypto
import Gateway
import OpenAIWire

/// Reads `Authorization: Bearer …` and finds the caller. Compares hashes only.
struct KeyGate: Sendable {
    let directory: KeyDirectory

    /// - Throws: 401 as OpenAI words it, without or with a wrong key.
    func caller(authorization: String?) throws(GatewayError) -> Caller {
        guard let header = authorization, header.utf8.count > 7,
            header.utf8.prefix(7).elementsEqual("Bearer ".utf8)
                || header.prefix(7).lowercased() == "bearer "
        else { throw .client(.missingKey) }
        let secret = header.utf8.dropFirst(7)
        let hash = KeyHash(Array(SHA256.hash(data: Array(secret))))
        guard let caller = self.directory.caller(hash) else {
            throw .client(.invalidAPIKey(KeySecret.hint(String(header.dropFirst(7)))))
        }
        return caller
    }
}
