import OpenAIWire

extension ServerClient {
    /// Reads a list endpoint page by page.
    ///
    /// - Parameters:
    ///   - query: further parameters, encoded, `purpose=batch` for example.
    ///   - limit: stop after that many objects.
    ///   - pageMax: the endpoint's largest page.
    ///   - take: gets each page's objects as they are.
    /// - Returns: whether there is more.
    func list(
        _ path: String, query: [String] = [], limit: Int, pageMax: Int,
        take: ([JSONValue]) throws(ServerFailure) -> Void
    ) async throws(ServerFailure) -> Bool {
        var left = limit
        var after: String?
        while left > 0 {
            var parameters = query + ["limit=\(min(left, pageMax))"]
            if let after { parameters.append("after=\(PathText.encoded(after))") }
            let page = try await self.get(path + "?" + parameters.joined(separator: "&")).json()
            guard let data = page["data"]?.array else { throw .strange("a list without data") }
            try take(data)
            left -= data.count
            guard page["has_more"]?.bool == true, let last = data.last?["id"]?.string else { return false }
            after = last
        }
        return true
    }
}
