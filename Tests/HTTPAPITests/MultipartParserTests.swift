import HTTPAPI
import Testing

@Suite("Multipart bodies")
struct MultipartParserTests {
    private static let body = Array(
        ("preamble\r\n--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
            + "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jsonl\"\r\n"
            + "Content-Type: text/plain\r\n\r\nline one\r\n--not the boundary\r\n\r\n--B--\r\nepilogue").utf8)

    private static func events(cut: Int) throws -> [(String, String?, [UInt8])] {
        var parser = try MultipartParser(boundary: "B")
        var parts: [(String, String?, [UInt8])] = []
        for start in stride(from: 0, to: Self.body.count, by: cut) {
            let piece = Array(Self.body[start..<min(start + cut, Self.body.count)])
            try piece.withUnsafeBytes { bytes in
                try parser.push(bytes) { event in
                    switch event {
                    case .partBegan(let name, let filename): parts.append((name, filename, []))
                    case .data(let data): parts[parts.count - 1].2 += data
                    case .partEnded: break
                    }
                }
            }
        }
        #expect(parser.isComplete)
        return parts
    }

    @Test("any cut of the bytes gives the same parts", arguments: [1, 2, 3, 5, 7, 64, 4_096])
    func cuts(cut: Int) throws {
        let parts = try Self.events(cut: cut)
        #expect(parts.count == 2)
        #expect(parts[0].0 == "purpose" && parts[0].1 == nil && parts[0].2 == Array("batch".utf8))
        #expect(parts[1].0 == "file" && parts[1].1 == "a \"b\".jsonl")
        #expect(parts[1].2 == Array("line one\r\n--not the boundary\r\n".utf8))
    }

    @Test("a part without a name, and a boundary that is followed by nonsense, are refused")
    func refused() throws {
        for text in ["--B\r\nContent-Type: x\r\n\r\ndata\r\n--B--", "--Bnonsense\r\n\r\n"] {
            var parser = try MultipartParser(boundary: "B")
            #expect(throws: MultipartError.self) {
                try Array(text.utf8).withUnsafeBytes { try parser.push($0) { _ in } }
            }
        }
        #expect(throws: MultipartError.noBoundary) { try MultipartParser(boundary: "") }
    }

    @Test("the boundary is read from the content type, quoted or not")
    func boundary() {
        #expect(MultipartParser.boundary(contentType: "multipart/form-data; boundary=abc") == "abc")
        #expect(MultipartParser.boundary(contentType: "Multipart/Form-Data; charset=x; boundary=\"a b\"") == "a b")
        #expect(MultipartParser.boundary(contentType: "application/json") == nil)
    }
}
