/// A study as one page that needs nothing else: style, tables and plots are in it, no script, nothing fetched.
public enum StudyPage {
    /// Runs that are drawn at most; all are in the tables.
    static let drawnMax = 8

    public static func html(_ result: StudyResult) -> String {
        let title = HTML.escaped("Simulation of \(result.facts.trace)")
        var text = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        text += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        text += "<title>\(title)</title>\n<style>\n\(Self.style)</style>\n</head>\n<body>\n<main>\n<h1>\(title)</h1>\n"
        for words in result.facts.words { text += "<p class=\"facts\">\(HTML.escaped(words))</p>\n" }
        if !result.answers.isEmpty {
            text += "<section class=\"answer\">\n"
            for answer in result.answers { text += "<p>\(HTML.escaped(answer))</p>\n" }
            text += "</section>\n"
        }
        let drawing = StudyDrawing(result)
        text += drawing.sections
        for table in result.tables { text += self.table(table) }
        text +=
            "<footer>Made by <code>ebb simulate</code>. Engines and their speeds are modelled: figures compare "
        text += "policies and sizes, they are not measurements of a GPU.</footer>\n"
        return text + "</main>\n</body>\n</html>\n"
    }

    private static func table(_ table: StudyTable) -> String {
        var text = "<section>\n<h2>\(HTML.escaped(table.caption))</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
        let isNumber = table.titles.map { $0.hasPrefix("#") }
        for title in table.titles {
            let isRight = title.hasPrefix("#")
            let words = HTML.escaped(isRight ? String(title.dropFirst()) : title)
            text += "<th\(isRight ? " class=\"n\"" : "")>\(words)</th>"
        }
        text += "</tr></thead>\n<tbody>\n"
        for row in table.rows {
            let cells = zip(row, isNumber).map { cell, isRight in
                "<td\(isRight ? " class=\"n\"" : "")>\(HTML.escaped(cell))</td>"
            }
            text += "<tr>\(cells.joined())</tr>\n"
        }
        return text + "</tbody>\n</table></div>\n</section>\n"
    }

    private static let style = """
        :root { color-scheme: light dark; --paper: #fbfbfa; --card: #ffffff; --ink: #1c2024; --soft: #5b636b;
          --line: #e3e5e8; --c0: #8a9099; --c1: #2767d2; --c2: #d1414b; --c3: #d9820f; --c4: #21835a; --c5: #7a4fc9;
          --c6: #0f8a94; --c7: #97593b; --limit: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1c2024; --ink: #e9ebee;
          --soft: #a2a9b1; --line: #31373d; --c0: #9aa2ab; --c1: #6ea3ff; --c2: #ff7a7f; --c3: #f2b04c; --c4: #5cc795;
          --c5: #b493ff; --c6: #4fc8d1; --c7: #d29a78; --limit: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
        main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
        h1 { font-size: 24px; margin: 0 0 8px; overflow-wrap: anywhere; } h2 { font-size: 17px; margin: 0 0 4px; }
        .facts { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
          margin-top: 20px; }
        .answer { border-left: 4px solid var(--c1); font-size: 17px; } .answer p { margin: 0 0 6px; }
        .answer p:last-child { margin: 0; } .note { margin: 0 0 10px; color: var(--soft); font-size: 14px; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0; list-style: none;
          font-size: 14px; } .legend i { display: inline-block; width: 18px; height: 0; border-top: 3px solid;
          vertical-align: middle; margin-right: 6px; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 0 20px; }
        @media (max-width: 520px) { .pair { grid-template-columns: 1fr; } }
        .pair section { min-width: 0; }
        svg { display: block; width: 100%; height: auto; } svg .grid { stroke: var(--line); stroke-width: 1; }
        svg .t { fill: var(--soft); font-size: 13px; font-family: inherit; } svg .t.k { fill: var(--ink); }
        svg .l { fill: none; stroke-width: 2; stroke-linejoin: round; }
        svg .r { stroke-width: 3; stroke-linecap: round; }
        svg .limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 6 4; }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
        .c4 { stroke: var(--c4); } .c5 { stroke: var(--c5); } .c6 { stroke: var(--c6); } .c7 { stroke: var(--c7); }
        .d { stroke-width: 2; } .d.c0 { fill: var(--c0); } .d.c1 { fill: var(--c1); } .d.c2 { fill: var(--c2); }
        .d.c3 { fill: var(--c3); } .d.c4 { fill: var(--c4); } .d.c5 { fill: var(--c5); } .d.c6 { fill: var(--c6); }
        .d.c7 { fill: var(--c7); } .o { fill: var(--card); stroke-width: 2; }
        .legend .c0 { border-color: var(--c0); } .legend .c1 { border-color: var(--c1); }
        .legend .c2 { border-color: var(--c2); } .legend .c3 { border-color: var(--c3); }
        .legend .c4 { border-color: var(--c4); } .legend .c5 { border-color: var(--c5); }
        .legend .c6 { border-color: var(--c6); } .legend .c7 { border-color: var(--c7); }
        .wide { overflow-x: auto; } .wide > svg { min-width: 640px; }
        table { border-collapse: collapse; width: 100%; font-size: 13px;
          font-variant-numeric: tabular-nums; white-space: nowrap; }
        th { text-align: left; font-weight: 600; font-size: 11px; letter-spacing: .03em; color: var(--soft); }
        th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); }
        th:first-child, td:first-child { padding-left: 0; }
        tbody tr:last-child td { border-bottom: 0; } .n { text-align: right; }
        footer { margin-top: 24px; color: var(--soft); font-size: 13px; }

        """
}
