import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What is wrong with a connection, in words that clients may read. The libraries' own words are for the log.
struct ConnectionTrouble {
    let error: any Error

    /// No connection within the time that one may take.
    var isTimeout: Bool {
        if case .some(ChannelError.connectTimeout) = self.error as? ChannelError { return true }
        guard let attempts = (self.error as? NIOConnectionError)?.connectionErrors, !attempts.isEmpty else {
            return false
        }
        return attempts.allSatisfy { ConnectionTrouble(error: $0.error).isTimeout }
    }

    /// A clause: "connection refused".
    var words: String {
        switch self.error {
        case let error as NIOConnectionError: Self.words(error)
        case let error as IOError: Self.words(errno: error.errnoCode)
        case let error as NIOSSLError: Self.words(error)
        case let error as NIOSSLExtraError: Self.words(error)
        // With TLS 1.3 the client's side of the handshake is over when the server refuses it.
        case is BoringSSLError where "\(self.error)".contains("CERTIFICATE_REQUIRED"): Self.wantsCertificate
        case is BoringSSLError: "the TLS connection broke"
        case HTTPParserError.invalidEOFState: "the engine closed the connection"
        case is HTTPParserError: "its answer is not HTTP"
        default: self.isTimeout ? "connecting timed out" : "the connection broke"
        }
    }

    private static func words(_ error: NIOConnectionError) -> String {
        // A name with addresses of one kind only is looked up in vain for the other kind.
        if let attempt = error.connectionErrors.last { return ConnectionTrouble(error: attempt.error).words }
        return "no address was found for the name '\(error.host)'"
    }

    private static func words(errno code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: "the engine closed the connection"
        case EHOSTUNREACH, ENETUNREACH: "there is no route to the host"
        case ETIMEDOUT: "the host does not answer"
        case EMFILE, ENFILE: "too many open connections"
        default: "the connection broke"
        }
    }

    private static func words(_ error: NIOSSLError) -> String {
        switch error {
        case .uncleanShutdown: "the engine closed the connection"
        case .handshakeFailed(let reason): "the TLS handshake failed: " + Self.handshake("\(reason)")
        case .unableToValidateCertificate, .noCertificateToValidate:
            "the TLS handshake failed: the engine's certificate could not be verified"
        default: "the TLS connection broke"
        }
    }

    private static func words(_ error: NIOSSLExtraError) -> String {
        switch error {
        case .failedToValidateHostname, .serverHostnameImpossibleToMatch:
            "the TLS handshake failed: the engine's certificate is for another name"
        default: "the TLS connection broke"
        }
    }

    private static let wantsCertificate = "the engine wants a certificate of the client"

    /// - Parameter text: BoringSSL's names of its reasons, which it gives in no other form.
    private static func handshake(_ text: String) -> String {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "the engine's certificate could not be verified"
        }
        if ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"].contains(where: { text.contains($0) }) {
            return "the engine does not speak TLS on this port"
        }
        if text.contains("CERTIFICATE_REQUIRED") { return Self.wantsCertificate }
        if ["PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_SHARED_CIPHER"].contains(where: { text.contains($0) }) {
            return "there is no TLS version and cipher in common"
        }
        if text.contains("ALERT") { return "the engine refused it" }
        if text.contains("EOF") { return "the engine closed the connection, as one without TLS may" }
        return "the engine's part of it is broken"
    }
}
