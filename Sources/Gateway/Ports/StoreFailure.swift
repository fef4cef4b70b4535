/// Why a store could not do its work.
public enum StoreFailure: Error, Equatable, Sendable {
    /// A value that must be unique is there already.
    case conflict(String)
    /// The row to change does not exist, or is not in the state that the change needs.
    case notFound
    /// The disk is full, the file is damaged or locked, the connection is gone: nothing can be stored now.
    case unavailable(String)
    /// The store cannot hold this one, now or later.
    case rejected(String)
    /// Another process has the data folder open for serving.
    case locked(String)
    /// The data was written by a later version.
    case tooNew(String)
}

extension StoreFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .conflict(let what): "already exists: \(what)"
        case .notFound: "not found"
        case .unavailable(let why): "the store is not available: \(why)"
        case .rejected(let why): "the store cannot hold it: \(why)"
        case .locked(let why): why
        case .tooNew(let why): why
        }
    }
}
