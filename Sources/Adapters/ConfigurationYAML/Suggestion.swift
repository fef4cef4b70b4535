/// Finds the known word that a misspelt one was probably meant to be.
package enum Suggestion {
    /// The nearest of `candidates` within a third of its length (at least one edit), or nil.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        var best: (distance: Int, word: String)?
        for candidate in candidates.sorted() {
            let distance = self.distance(word, candidate)
            if distance <= max(1, candidate.count / 3), distance < (best?.distance ?? .max) {
                best = (distance, candidate)
            }
        }
        return best?.word
    }

    /// Edits (insert, delete, replace, swap of neighbours) between two words.
    static func distance(_ a: String, _ b: String) -> Int {
        let left = Array(a.lowercased().prefix(64))
        let right = Array(b.lowercased().prefix(64))
        var before: [Int] = []
        var row = Array(0...right.count)
        for i in 0..<left.count {
            var next = [i + 1]
            for j in 0..<right.count {
                var cost = min(row[j + 1], next[j]) + 1
                cost = min(cost, row[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                next.append(cost)
            }
            before = row
            row = next
        }
        return row[right.count]
    }
}
