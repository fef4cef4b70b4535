import Batching
import Quantities
import Testing

private let created = Instant(seconds: 1_770_000_000)
private let soon = created.advanced(by: .seconds(60))
private let late = created.advanced(by: .seconds(3_600))
private let mega: Int64 = 1 << 20

private func upload(_ bytes: Int64 = 100, parts: [(UploadPartID, Int64)] = []) throws -> UploadStateMachine {
    var upload = try UploadStateMachine(created: created, bytes: bytes)
    for (id, bytes) in parts { try upload.partArrived(UploadPart(id: id, bytes: bytes), now: soon) }
    return upload
}

@Suite("Uploads in parts") struct UploadStateMachineTests {
    @Test("parts are joined in the order of the completion, not of their arrival") func completes() throws {
        var upload = try upload(parts: [("b", 60), ("a", 40), ("unused", 5)])
        let parts = try upload.complete(["a", "b"], md5: "ABCD", now: soon)
        #expect(parts == [UploadPart(id: "a", bytes: 40), UploadPart(id: "b", bytes: 60)])
        #expect(upload.status == .pending && upload.isAssembling)
        try upload.assembled("file-1", md5: "abcd")
        #expect(upload.status == .completed && upload.file == "file-1" && !upload.isAssembling)
        #expect(upload.expires.seconds == created.seconds + 3_600)
    }

    @Test("a wrong list of parts is refused and changes nothing") func wrongParts() throws {
        var upload = try upload(parts: [("a", 40), ("b", 60)])
        let before = upload
        let table: [([UploadPartID], UploadRefusal)] = [
            ([], .wrongTotal(bytes: 0, expected: 100)), (["a"], .wrongTotal(bytes: 40, expected: 100)),
            (["a", "x"], .unknownPart("x")), (["a", "a"], .repeatedPart("a")),
        ]
        for (ids, refusal) in table {
            #expect(throws: refusal) { try upload.complete(ids, now: soon) }
            #expect(upload == before && refusal.status == 400 && refusal.param == "part_ids")
        }
    }

    @Test("a wrong md5 leaves the upload pending, and it can be completed again") func wrongDigest() throws {
        var upload = try upload(parts: [("a", 100)])
        _ = try upload.complete(["a"], md5: "00", now: soon)
        #expect(throws: UploadRefusal.wrongDigest) { try upload.assembled("file-1", md5: "01") }
        #expect(upload.status == .pending && upload.file == nil)
        _ = try upload.complete(["a"], now: soon)
        try upload.assembled("file-2", md5: nil)
        #expect(upload.file == "file-2")
    }

    @Test("while it is assembled nothing else can happen, not even expiry") func busy() throws {
        var upload = try upload(parts: [("a", 100)])
        _ = try upload.complete(["a"], now: soon)
        #expect(throws: UploadRefusal.busy) { try upload.complete(["a"], now: soon) }
        #expect(throws: UploadRefusal.busy) { try upload.cancel(now: soon) }
        #expect(throws: UploadRefusal.busy) { try upload.partArrived(UploadPart(id: "b", bytes: 1), now: soon) }
        let expired = upload.expireIfDue(now: late)
        #expect(!expired)
    }

    @Test("an hour after its creation a pending upload is expired for every step") func expires() throws {
        var upload = try upload(parts: [("a", 100)])
        #expect(throws: UploadRefusal.notPending(.expired)) { try upload.complete(["a"], now: late) }
        #expect(throws: UploadRefusal.notPending(.expired)) { try upload.cancel(now: soon) }
        let again = upload.expireIfDue(now: late)
        #expect(!again)
    }

    @Test("a cancelled or completed upload takes nothing more, but can be cancelled twice") func ended() throws {
        var cancelled = try upload(parts: [("a", 100)])
        try cancelled.cancel(now: soon)
        try cancelled.cancel(now: soon)
        #expect(throws: UploadRefusal.notPending(.cancelled)) { try cancelled.complete(["a"], now: soon) }
        var completed = try upload(parts: [("a", 100)])
        _ = try completed.complete(["a"], now: soon)
        try completed.assembled("file-1", md5: nil)
        #expect(throws: UploadRefusal.notPending(.completed)) { try completed.cancel(now: soon) }
        #expect(throws: UploadRefusal.notPending(.completed)) {
            try completed.partArrived(UploadPart(id: "b", bytes: 1), now: soon)
        }
        let expired = completed.expireIfDue(now: late)
        #expect(!expired)
    }

    @Test("parts are limited in size, number and sum") func partLimits() throws {
        var upload = try upload(64 * mega)
        #expect(throws: UploadRefusal.partTooLarge(bytes: 64 * mega + 1, max: 64 * mega)) {
            try upload.partArrived(UploadPart(id: "a", bytes: 64 * mega + 1), now: soon)
        }
        #expect(throws: UploadRefusal.emptyPart) { try upload.partArrived(UploadPart(id: "a", bytes: 0), now: soon) }
        for id in ["a", "b", "c"] {
            try upload.partArrived(UploadPart(id: UploadPartID(id), bytes: 64 * mega), now: soon)
        }
        #expect(throws: UploadRefusal.tooManyBytes(max: 192 * mega)) {
            try upload.partArrived(UploadPart(id: "d", bytes: 1), now: soon)
        }
        var small = try UploadStateMachine(created: created, bytes: 9, limits: UploadLimits(partsMax: 1))
        try small.partArrived(UploadPart(id: "a", bytes: 1), now: soon)
        #expect(throws: UploadRefusal.tooManyParts(max: 1)) {
            try small.partArrived(UploadPart(id: "b", bytes: 1), now: soon)
        }
    }

    @Test("an upload has a positive size within the limit of files and of OpenAI") func sizes() {
        #expect(throws: FileRefusal.invalidBytes(0)) { try UploadStateMachine(created: created, bytes: 0) }
        #expect(throws: FileRefusal.fileTooLarge(bytes: 512 * mega + 1, max: 512 * mega)) {
            try UploadStateMachine(created: created, bytes: 512 * mega + 1)
        }
        #expect(UploadLimits(bytesMax: 1 << 50).bytesMax == 8 << 30)
    }

    @Test("a restored upload goes on") func restored() throws {
        var upload = UploadStateMachine(
            restoring: .pending, created: created, bytes: 10, parts: [UploadPart(id: "a", bytes: 10)], file: nil)
        #expect(try upload.complete(["a"], now: soon).count == 1)
        let done = UploadStateMachine(restoring: .completed, created: created, bytes: 10, parts: [], file: "file-1")
        #expect(done.status == .completed && done.file == "file-1")
    }
}
