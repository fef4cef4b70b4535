import ConfigurationYAML
import NIOSSL

/// A file of certificates that are trusted.
enum CertificateFile {
    /// What is wrong with it, after its name; nil: it can be used.
    static func problem(_ path: String) -> String? {
        if let problem = TextFile.problem(path) { return problem }
        let certificates = try? NIOSSLCertificate.fromPEMFile(path)
        return certificates?.isEmpty == false ? nil : "is no PEM file of certificates"
    }
}
