import OpenAIWire

/// Why a call to a gateway failed.
enum ServerFailure: Error {
    /// No connection: nothing was asked.
    case unreachable(url: String, reason: String)
    /// The connection ended before the answer did; whether the gateway acted is not known.
    case interrupted(url: String, reason: String)
    /// The gateway answered with a status outside 200...299.
    case refused(ServerRefusal)
    /// The answer is not what the API says.
    case strange(String)
    /// A file on this side could not be read or written.
    case file(String)
    /// Whoever read standard output has gone (`| head`).
    case outputClosed
}

/// An error answer: OpenAI's error object, the status and the request's id.
struct ServerRefusal: Error {
    let body: ErrorBody
    let requestID: String?
    /// Where the call's API key came from; nil without one.
    let keySource: String?

    var status: Int { self.body.status }
}

extension ServerFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable(let url, let reason): "no gateway answers at \(url): \(reason)"
        case .interrupted(let url, let reason): "the connection to \(url) was lost: \(reason)"
        case .refused(let refusal): refusal.description
        case .strange(let what): "the gateway's answer cannot be understood: \(what)"
        case .file(let what): what
        case .outputClosed: "standard output is closed"
        }
    }

    /// The exit status of a command that ends with this failure.
    var exitStatus: Int32 {
        switch self {
        case .unreachable, .interrupted: ExitStatus.engineUnreachable
        case .refused(let refusal): refusal.exitStatus
        case .strange: ExitStatus.failed
        case .file: ExitStatus.usage
        case .outputClosed: ExitStatus.outputClosed
        }
    }

    /// Asking again later may succeed: no connection, an overloaded or restarting gateway.
    var isPassing: Bool {
        switch self {
        case .unreachable, .interrupted: true
        case .refused(let refusal): [408, 502, 503, 504].contains(refusal.status) || refusal.isRateLimit
        case .strange, .file, .outputClosed: false
        }
    }
}

extension ServerRefusal: CustomStringConvertible {
    /// A spend limit stops until somebody raises it; every other 429 passes.
    var isRateLimit: Bool { self.status == 429 && self.body.type != "insufficient_quota" }

    var exitStatus: Int32 {
        switch self.status {
        case 429 where !self.isRateLimit: ExitStatus.capReached
        case 400..<500: ExitStatus.usage
        default: ExitStatus.failed
        }
    }

    var description: String {
        var facts = ["status \(self.status)"]
        if let code = self.body.code { facts.append("code \(code)") }
        if let param = self.body.param { facts.append("field \(param)") }
        if let request = self.requestID { facts.append("request \(request)") }
        var text = "\(self.body.message) (\(facts.joined(separator: ", ")))"
        if self.status == 401 {
            text += self.keySource.map { "; the key is that of \($0)" } ?? "; set EBB_API_KEY or use --key-file"
        }
        return text
    }
}
