/// Why a request body is refused before any engine sees it (openai-api 1.3).
public enum RequestError: Error, Hashable, Sendable {
    case unparsable(JSONError)
    case missingParameter(String)
    case invalidType(String, expected: String, got: String)
    case invalidValue(String, got: String, supported: [String])
    case belowMinimum(String, minimum: Int64, got: String)
    case aboveMaximum(String, maximum: Int64, got: String)
    case emptyArray(String)
    case tooLong(String, maximum: Int, got: Int)
    case tooManyProperties(String, maximum: Int, got: Int)
    case repeatedKeys(maximum: Int)

    /// What the client sees; always a 400.
    public var body: ErrorBody {
        switch self {
        case .unparsable(let error): .unparsableBody(error)
        case .missingParameter(let name): .missingParameter(name)
        case .invalidType(let name, let expected, let got): .invalidType(name, expected: expected, got: got)
        case .invalidValue(let name, let got, let supported): .invalidValue(name, got: got, supported: supported)
        case .belowMinimum(let name, let minimum, let got): .belowMinimum(name, minimum: minimum, got: got)
        case .aboveMaximum(let name, let maximum, let got): .aboveMaximum(name, maximum: maximum, got: got)
        case .emptyArray(let name): .emptyArray(name)
        case .tooLong(let name, let maximum, let got): .tooLong(name, maximum: maximum, got: got)
        case .tooManyProperties(let name, let maximum, let got):
            .tooManyProperties(name, maximum: maximum, got: got)
        case .repeatedKeys(let maximum): .repeatedKeys(maximum: maximum)
        }
    }
}
