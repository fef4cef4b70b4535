import Crypto
import Gateway
import Hummingbird
import NIOCore
import OpenAIWire
import Quantities

/// Reads the form of `POST /v1/files` while it streams in: fields in any order, the file straight to disk.
struct FileForm {
    /// A text field longer than this is refused.
    static let fieldBytesMax = 4_096

    private var form = FileService.Form()
    private var intake: FileIntake?
    private var field: (name: String, value: [UInt8])?
    private var isInFile = false
    private var hash = SHA256()
    private let files: FileService
    private let fileField: String
    /// Hash the content for an Idempotency-Key.
    private let hashes: Bool

    struct Result {
        var form: FileService.Form
        var intake: FileIntake
        /// SHA-256 over content, purpose, name and expiry; empty when not asked for.
        var fingerprint: [UInt8]
    }

    private init(files: FileService, fileField: String, hashes: Bool) {
        self.files = files
        self.fileField = fileField
        self.hashes = hashes
    }

    /// - Throws: `GatewayError` with the field that is wrong. Nothing is left behind then.
    static func read(
        _ request: Request, files: FileService, fileField: String = "file", hashes: Bool = false
    ) async throws -> Result {
        guard let type = request.headers[.contentType], let boundary = MultipartParser.boundary(contentType: type)
        else { throw GatewayError.invalid("The request must be multipart/form-data with a boundary.") }
        var reader = FileForm(files: files, fileField: fileField, hashes: hashes)
        do {
            return try await reader.run(request, boundary: boundary)
        } catch let error as MultipartError {
            reader.intake?.abort()
            throw GatewayError.invalid("The multipart body could not be read: \(error).")
        } catch {
            reader.intake?.abort()
            throw error
        }
    }

    private mutating func run(_ request: Request, boundary: String) async throws -> Result {
        var parser = try MultipartParser(boundary: boundary)
        for try await buffer in request.body {
            try buffer.withUnsafeReadableBytes { bytes in
                try parser.push(bytes) { event in try self.take(event) }
            }
        }
        guard parser.isComplete else {
            throw GatewayError.invalid("The multipart body ended before its last boundary.")
        }
        guard let intake = self.intake else { throw GatewayError.client(.missingParameter(self.fileField)) }
        var fingerprint: [UInt8] = []
        if self.hashes {
            fingerprint = self.fingerprint()
        }
        return Result(form: self.form, intake: intake, fingerprint: fingerprint)
    }

    /// Everything that the form asks for. Each part has its length before it, so that none runs into the next.
    private func fingerprint() -> [UInt8] {
        var whole = SHA256()
        whole.update(data: Array(self.hash.finalize()))
        let form = self.form
        for part in [form.purpose, form.filename, form.expiresAnchor, form.expiresSeconds.map { String($0) }] {
            whole.update(data: Array((part.map { "\($0.utf8.count):\($0)" } ?? "-").utf8))
        }
        return Array(whole.finalize())
    }

    private mutating func take(_ event: MultipartParser.Event) throws {
        switch event {
        case .partBegan(let name, let filename):
            self.isInFile = name == self.fileField
            if self.isInFile {
                guard self.intake == nil else {
                    throw GatewayError.invalid("The form has more than one file.", param: self.fileField)
                }
                self.form.filename = filename
                self.intake = try self.files.begin()
            } else {
                self.field = (name, [])
            }
        case .data(let bytes):
            try self.data(bytes)
        case .partEnded:
            if let field = self.field { try self.set(field.name, String(decoding: field.value, as: UTF8.self)) }
            self.field = nil
            self.isInFile = false
        }
    }

    private mutating func data(_ bytes: [UInt8]) throws {
        if self.isInFile {
            if self.hashes { self.hash.update(data: bytes) }
            try bytes.withUnsafeBytes { try self.intake?.append($0) }
        } else if let field = self.field {
            guard field.value.count + bytes.count <= Self.fieldBytesMax else {
                throw GatewayError.invalid("The field '\(field.name)' is too long.", param: field.name)
            }
            self.field?.value += bytes
        }
    }

    private mutating func set(_ name: String, _ value: String) throws {
        switch name {
        case "purpose":
            self.form.purpose = value
        case "expires_after[anchor]":
            self.form.expiresAnchor = value
        case "expires_after[seconds]":
            guard let seconds = Int64(value) else {
                throw GatewayError.invalid(
                    "Invalid type for 'expires_after[seconds]': expected an integer.", param: "expires_after[seconds]",
                    code: "invalid_type")
            }
            self.form.expiresSeconds = seconds
        case "expires_after":
            // Some clients send the object as one JSON string.
            guard let parsed = try? JSONValue(parsing: Array(value.utf8)) else {
                throw GatewayError.invalid("Invalid value for 'expires_after'.", param: "expires_after")
            }
            let expires = try ExpiresAfter.parse(parsed, param: "expires_after")
            self.form.expiresAnchor = "created_at"
            self.form.expiresSeconds = expires?.seconds
        default:
            break
        }
    }
}
