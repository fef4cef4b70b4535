import Testing

@Suite("Swift is read well enough to judge it")
struct SwiftCodeTests {
    @Test(
        "comments and the contents of strings are blanked, code in an interpolation is kept",
        arguments: [
            ("a // b", "a     "),
            ("a /* b /* c */ d */ e", "a                   e"),
            (#"x("{ // }")y"#, #"x("      ")y"#),
            (#"x("\"{")y"#, #"x("   ")y"#),
            (#"x("a\(b("c"))d")y"#, #"x("  (b(" ")) ")y"#),
            (##"x(#"a"b\(c"#)y"##, ##"x(#"      "#)y"##),
            (##"x(#"\#(f)"#)y"##, ##"x(#"  (f)"#)y"##),
            ("x(\"\"\"\n{ \"\n\"\"\")y", "x(\"\"\"\n   \n\"\"\")y"),
            ("x(#/a\"/#)y", "x(      )y"),
            ("#if A\n#endif", "#if A\n#endif"),
        ])
    func blanks(source: String, code: String) {
        #expect(SwiftCode.only(of: source) == code)
    }

    @Test("a body's length counts from the name to the last brace, whatever strings and comments hold")
    func lengths() {
        let source = """
            protocol P {
                func required() async throws
                init(a: Int)
            }
            struct S {
                var n: Int { 1 }
                func one() { }
                init?(a: Int = { 3 }()) {
                    // }
                    self.init(b: "}")
                }
                func two<T>(_ f: (T) -> [T]) -> T
                where T: P {
                    func inner() {
                    }
                    return S.init(c: f)
                }
                subscript(i: Int) -> Int { 0 }
            }
            """
        let found = FunctionLength.all(in: SwiftCode.only(of: source))
        #expect(
            found == [
                FunctionLength(name: "one", line: 7, lines: 1), FunctionLength(name: "init", line: 8, lines: 4),
                FunctionLength(name: "two", line: 12, lines: 6), FunctionLength(name: "inner", line: 14, lines: 2),
                FunctionLength(name: "subscript", line: 18, lines: 1),
            ])
    }

    @Test(
        "names fall into their parts",
        arguments: [
            ("HTTPEngineClient", ["HTTP", "Engine", "Client"]), ("newFile", ["new", "File"]),
            ("SQLiteStore+CommitLog", ["SQ", "Lite", "Store", "Commit", "Log"]), ("ParserV2", ["Parser", "V2"]),
        ])
    func parts(name: String, parts: [String]) {
        #expect(SwiftWords.parts(of: name) == parts)
    }
}
