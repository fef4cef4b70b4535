import Batching
import Quantities
import Testing

private let created = Instant(seconds: 1_770_000_000)

@Suite("Rules of files") struct FileRulesTests {
    @Test("each purpose can be uploaded, uploaded in parts and downloaded as OpenAI allows it")
    func purposes() {
        let table: [(String, upload: Bool, parts: Bool, download: Bool)] = [
            ("assistants", true, true, false), ("batch", true, true, true), ("fine-tune", true, true, true),
            ("vision", true, true, false), ("user_data", true, false, false), ("evals", true, false, false),
            ("assistants_output", false, false, true), ("batch_output", false, false, true),
            ("fine-tune-results", false, false, true),
        ]
        #expect(table.count == FilePurpose.allCases.count)
        for (name, upload, parts, download) in table {
            #expect((try? FileRules.purpose(name))?.rawValue == (upload ? name : nil))
            #expect((try? FileRules.purpose(name, inParts: true))?.rawValue == (parts ? name : nil))
            #expect(FilePurpose(rawValue: name)?.canBeDownloaded == download)
        }
    }

    @Test("an unknown purpose names the accepted ones") func unknownPurpose() {
        let refusal = FileRefusal.unknownPurpose("x", accepted: [.batch, .vision])
        #expect(refusal.message == "Invalid value: 'x'. Supported values are: 'batch', and 'vision'.")
        #expect(refusal.param == "purpose" && refusal.code == "invalid_value" && refusal.status == 400)
        #expect(throws: FileRefusal.missingPurpose) { try FileRules.purpose(nil) }
        #expect(throws: FileRefusal.missingPurpose) { try FileRules.purpose("") }
        #expect(throws: FileRefusal.self) { try FileRules.purpose("batch_output") }
    }

    @Test("a download that is not allowed says so") func download() throws {
        try FileRules.checkDownload(.batchOutput)
        #expect(throws: FileRefusal.notDownloadable(.userData)) { try FileRules.checkDownload(.userData) }
        #expect(
            FileRefusal.notDownloadable(.userData).message == "Not allowed to download files of purpose: user_data")
    }

    @Test("batch files live 30 days, others until deleted, unless told otherwise") func expiry() throws {
        for purpose in FilePurpose.allCases {
            let isBatch = purpose == .batch || purpose == .batchOutput
            let expiry = try FileRules.expiry(of: purpose, created: created, seconds: nil)
            #expect(expiry == (isBatch ? created.advanced(by: .seconds(2_592_000)) : nil))
            let told = try FileRules.expiry(of: purpose, created: created, seconds: 3_600)
            #expect(told == created.advanced(by: .seconds(3_600)))
        }
    }

    @Test("expiry seconds outside 1 hour to 30 days are refused", arguments: [-1, 0, 60, 3_599, 2_592_001] as [Int64])
    func badExpiry(_ seconds: Int64) {
        #expect(throws: FileRefusal.invalidExpirySeconds(seconds)) {
            try FileRules.expiry(of: .batch, created: created, seconds: seconds)
        }
        #expect(FileRefusal.invalidExpirySeconds(seconds).param == "expires_after.seconds")
    }

    @Test("only created_at is an anchor") func anchor() {
        #expect(throws: FileRefusal.invalidExpiryAnchor("last_used")) {
            try FileRules.expiry(of: .batch, created: created, seconds: 3_600, anchor: "last_used")
        }
    }

    @Test("a batch input file is refused when empty or when its first line is not JSON, not for a later one")
    func batchContent() throws {
        let rules = FileRules()
        func facts(_ readings: [LineFacts.Reading]) -> FileFacts {
            var validator = LineValidator()
            for reading in readings {
                let line = LineFacts(offset: 0, length: 1, reading: reading)
                _ = validator.add(line, customID: { "" }, model: { "" })
            }
            return validator.finish(byteCount: 1)
        }
        let good = LineFacts.Reading.request(RequestFacts(customID: .missing, url: .missing, body: .missing))
        try rules.check(.batch, bytes: 1, facts: facts([good, .notJSON]))
        for bad in [[], [.blank], [.notJSON], [.notJSON, good], [.blank, good]] as [[LineFacts.Reading]] {
            #expect(throws: FileRefusal.notJSONL) { try rules.check(.batch, bytes: 1, facts: facts(bad)) }
        }
        try rules.check(.userData, bytes: 0, facts: nil)
        #expect(FileRefusal.notJSONL.message == "Invalid file format for Batch API. Must be .jsonl")
    }

    @Test("sizes are limited by purpose") func sizes() {
        let rules = FileRules()
        #expect(rules.bytesMax(.batch) == 209_715_200 && rules.bytesMax(.vision) == 536_870_912)
        #expect(FileRules(fileBytesMax: 1_000).bytesMax(.batch) == 1_000)
        #expect(throws: FileRefusal.fileTooLarge(bytes: 209_715_201, max: 209_715_200)) {
            try rules.check(.batch, bytes: 209_715_201, facts: nil)
        }
        #expect(FileRefusal.fileTooLarge(bytes: 2, max: 1).status == 413)
    }

    @Test(
        "names lose their path and control characters",
        arguments: [
            ("in.jsonl", "in.jsonl"), ("/etc/passwd", "passwd"), ("..\\..\\x.jsonl", "x.jsonl"),
            ("a\r\nb.txt", "ab.txt"),
            ("", "upload"), ("..", "upload"), ("///", "upload"), ("\u{7F}", "upload"),
            ("Grüße 你.jsonl", "Grüße 你.jsonl"),
        ])
    func names(_ raw: String, _ kept: String) { #expect(FileRules.name(raw) == kept) }

    @Test("long names are cut before their ending") func longNames() {
        let name = FileRules.name(String(repeating: "é", count: 300) + ".jsonl")
        #expect(name.utf8.count <= 255 && name.hasSuffix("é.jsonl") && name.utf8.count > 250)
        #expect(FileRules.name(String(repeating: "x", count: 999)).utf8.count == 255)
        #expect(FileRules.name(nil) == "upload")
    }

    @Test("result files are named after their batch") func resultNames() {
        #expect(FileRules.outputName("batch_abc") == "batch_abc_output.jsonl")
        #expect(FileRules.errorName("batch_abc") == "batch_abc_error.jsonl")
    }
}
