import Crypto
import Gateway
import OpenAIWire
import Quantities

/// Reads `Authorization: Bearer …` and finds the caller. Compares hashes only.
///
/// There are no organizations here, so `OpenAI-Organization` says nothing; `OpenAI-Project` must name the key's own.
struct KeyGate: Sendable {
    let access: AccessRefresher

    /// The hash of the key that came last on a connection: clients send the same one with each request.
    struct LastKey {
        fileprivate var header = ""
        fileprivate var hash: KeyHash?
    }

    /// - Parameter project: what `OpenAI-Project` says; an empty one says nothing.
    /// - Throws: 401 as OpenAI words it, without or with a wrong key, or with another project's.
    func caller(
        authorization: String?, project: String?, last: inout LastKey
    ) throws(GatewayError) -> Caller {
        guard let header = authorization else { throw .client(.missingKey) }
        let hash: KeyHash
        if let known = last.hash, header == last.header {
            hash = known
        } else {
            hash = try Self.hash(header)
            last = LastKey(header: header, hash: hash)
        }
        guard let caller = self.access.keys.caller(hash) else {
            throw .client(.invalidAPIKey(KeySecret.hint(String(header.dropFirst(7)))))
        }
        if let project, !project.isEmpty, project != caller.project.text { throw .client(.mismatchedProject) }
        return caller
    }

    /// The same, but a key that was just made is known.
    func callerAfterLook(authorization: String?, project: String?) async throws(GatewayError) -> Caller {
        do throws(GatewayError) {
            return try self.caller(authorization: authorization, project: project)
        } catch {
            guard Self.isUnknownKey(error) else { throw error }
        }
        await self.lookAgain()
        return try self.caller(authorization: authorization, project: project)
    }

    func lookAgain() async { await self.access.lookAgain() }

    static func isUnknownKey(_ error: GatewayError) -> Bool { error.answer.code == ErrorBody.invalidAPIKeyCode }

    func caller(authorization: String?, project: String?) throws(GatewayError) -> Caller {
        var last = LastKey()
        return try self.caller(authorization: authorization, project: project, last: &last)
    }

    private static func hash(_ header: String) throws(GatewayError) -> KeyHash {
        guard header.utf8.count > 7,
            header.utf8.prefix(7).elementsEqual("Bearer ".utf8)
                || header.prefix(7).lowercased() == "bearer "
        else { throw .client(.missingKey) }
        return KeyHash(Array(SHA256.hash(data: Array(header.utf8.dropFirst(7)))))
    }
}
