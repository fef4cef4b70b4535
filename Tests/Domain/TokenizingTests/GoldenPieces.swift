import Testing

/// Texts with the pieces that the published split patterns give (computed with Python's `regex`).
struct GoldenPieces: Sendable, CustomTestStringConvertible {
    let text: String
    let cl100k: [String]
    let o200k: [String]

    var testDescription: String { self.text.debugDescription }

    static let all: [GoldenPieces] = [
        GoldenPieces(
            text: "",
            cl100k: [],
            o200k: []),
        GoldenPieces(
            text: "hello world",
            cl100k: ["hello", " world"],
            o200k: ["hello", " world"]),
        GoldenPieces(
            text: "  leading and trailing  ",
            cl100k: [" ", " leading", " and", " trailing", "  "],
            o200k: [" ", " leading", " and", " trailing", "  "]),
        GoldenPieces(
            text: "I'LL we're THEY\u{17F} it'\u{17F} 'S",
            cl100k: ["I", "'LL", " we", "'re", " THEY\u{17F}", " it", "'\u{17F}", " '", "S"],
            o200k: ["I'LL", " we're", " THEY\u{17F}", " it'\u{17F}", " '", "S"]),
        GoldenPieces(
            text: "camelCaseXMLHttpRequest's",
            cl100k: ["camelCaseXMLHttpRequest", "'s"],
            o200k: ["camel", "Case", "XMLHttp", "Request's"]),
        GoldenPieces(
            text: "1234567 12,345.67 \u{661}\u{662}\u{663}\u{664}",
            cl100k: ["123", "456", "7", " ", "12", ",", "345", ".", "67", " ", "\u{661}\u{662}\u{663}", "\u{664}"],
            o200k: ["123", "456", "7", " ", "12", ",", "345", ".", "67", " ", "\u{661}\u{662}\u{663}", "\u{664}"]),
        GoldenPieces(
            text: "a\u{D}\u{A}\u{D}\u{A}  b\u{A}\u{A}   ",
            cl100k: ["a", "\u{D}\u{A}\u{D}\u{A}", " ", " b", "\u{A}\u{A}   "],
            o200k: ["a", "\u{D}\u{A}\u{D}\u{A}", " ", " b", "\u{A}\u{A}", "   "]),
        GoldenPieces(
            text: "   \u{A}   ",
            cl100k: ["   \u{A}   "],
            o200k: ["   \u{A}", "   "]),
        GoldenPieces(
            text: "\u{A0}\u{2003}x\u{3000}\u{3000}",
            cl100k: ["\u{A0}", "\u{2003}x", "\u{3000}\u{3000}"],
            o200k: ["\u{A0}", "\u{2003}x", "\u{3000}\u{3000}"]),
        GoldenPieces(
            text:
                "নমস্কার, আপনি কেমন?",
            cl100k: [
                "\u{9A8}\u{9AE}\u{9B8}", "\u{9CD}\u{995}", "\u{9BE}\u{9B0}", ",", " \u{986}\u{9AA}\u{9A8}",
                "\u{9BF}", " \u{995}", "\u{9C7}\u{9AE}\u{9A8}", "?",
            ],
            o200k: [
                "\u{9A8}\u{9AE}\u{9B8}\u{9CD}\u{995}\u{9BE}\u{9B0}", ",", " \u{986}\u{9AA}\u{9A8}\u{9BF}",
                " \u{995}\u{9C7}\u{9AE}\u{9A8}", "?",
            ]),
        GoldenPieces(
            text:
                "日本語のテキスト。中文混排",
            cl100k: [
                "\u{65E5}\u{672C}\u{8A9E}\u{306E}\u{30C6}\u{30AD}\u{30B9}\u{30C8}",
                "\u{3002}\u{4E2D}\u{6587}\u{6DF7}\u{6392}",
            ],
            o200k: [
                "\u{65E5}\u{672C}\u{8A9E}\u{306E}\u{30C6}\u{30AD}\u{30B9}\u{30C8}",
                "\u{3002}\u{4E2D}\u{6587}\u{6DF7}\u{6392}",
            ]),
        GoldenPieces(
            text: "\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{1F1E7}\u{1F1E9}",
            cl100k: ["\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{1F1E7}\u{1F1E9}"],
            o200k: ["\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{1F1E7}\u{1F1E9}"]),
        GoldenPieces(
            text: "e\u{301}\u{301}A\u{301}B \u{301}x",
            cl100k: ["e", "\u{301}\u{301}", "A", "\u{301}B", " \u{301}", "x"],
            o200k: ["e\u{301}\u{301}", "A\u{301}", "B", " \u{301}x"]),
        GoldenPieces(
            text: "<|endoftext|>",
            cl100k: ["<|", "endoftext", "|>"],
            o200k: ["<|", "endoftext", "|>"]),
        GoldenPieces(
            text: "\u{0}\u{FFFD}\u{10FFFF}",
            cl100k: ["\u{0}\u{FFFD}\u{10FFFF}"],
            o200k: ["\u{0}\u{FFFD}\u{10FFFF}"]),
        GoldenPieces(
            text: "http://a.b/c//\u{A}//d",
            cl100k: ["http", "://", "a", ".b", "/c", "//\u{A}", "//", "d"],
            o200k: ["http", "://", "a", ".b", "/c", "//\u{A}//", "d"]),
        GoldenPieces(
            text: "\u{1C5}Ungla",
            cl100k: ["\u{1C5}Ungla"],
            o200k: ["\u{1C5}Ungla"]),
        GoldenPieces(
            text: "\u{301}ABC\u{301}'s",
            cl100k: ["\u{301}ABC", "\u{301}'", "s"],
            o200k: ["\u{301}ABC\u{301}'s"]),
        GoldenPieces(
            text: "\u{E01}ABC\u{E01}DEf",
            cl100k: ["\u{E01}ABC\u{E01}DEf"],
            o200k: ["\u{E01}ABC\u{E01}DEf"]),
        GoldenPieces(
            text: "\u{301}ABC d'oh 'tis",
            cl100k: ["\u{301}ABC", " d", "'oh", " '", "tis"],
            o200k: ["\u{301}", "ABC", " d", "'oh", " '", "tis"]),
        GoldenPieces(
            text: "\u{9}\u{9}if (x) {\u{D}\u{A}\u{9}\u{9}}",
            cl100k: ["\u{9}", "\u{9}if", " (", "x", ")", " {\u{D}\u{A}", "\u{9}", "\u{9}", "}"],
            o200k: ["\u{9}", "\u{9}if", " (", "x", ")", " {\u{D}\u{A}", "\u{9}", "\u{9}", "}"]),
        GoldenPieces(
            text: "x = \u{BD}\u{2167}\u{B2} + \u{1D7CE}",
            cl100k: ["x", " =", " ", "\u{BD}\u{2167}\u{B2}", " +", " ", "\u{1D7CE}"],
            o200k: ["x", " =", " ", "\u{BD}\u{2167}\u{B2}", " +", " ", "\u{1D7CE}"]),
    ]
}
