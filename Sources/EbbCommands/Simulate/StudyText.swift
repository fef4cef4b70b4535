import Simulation

/// Shows a study to people: tables, then what they mean.
enum StudyText {
    static func print(_ result: StudyResult) throws(ServerFailure) {
        try StandardOutput.lines(self.lines(result).map { Array($0.utf8) })
    }

    static func lines(_ result: StudyResult) -> [String] {
        var lines = result.facts.words.map(TextTable.printable)
        for table in result.tables {
            var text = TextTable(table.titles)
            lines.append("")
            lines += text.lines(table.rows)
        }
        let answers = result.answers
        return answers.isEmpty ? lines : lines + [""] + answers
    }
}
