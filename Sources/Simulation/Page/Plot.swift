/// One plot as inline SVG: axes, then what is drawn in them. Colours are classes of the page.
struct Plot {
    /// As wide as the page shows it, so that all words have one size.
    static let widthWhole = 1_000.0
    static let widthHalf = 500.0
    private static let left = 68.0
    private static let right = 30.0
    private static let top = 10.0
    private static let bottom = 46.0

    let title: String
    let across: PlotScale
    let up: PlotScale
    let width: Double
    let height: Double
    private var marks = ""
    private let acrossTitle: String
    private let upTitle: String

    init(
        _ title: String, across: PlotScale, acrossTitle: String, up: PlotScale, upTitle: String,
        width: Double = Self.widthWhole,
        height: Double = 300
    ) {
        self.title = title
        self.across = across
        self.up = up
        self.width = width
        self.height = height
        self.acrossTitle = acrossTitle
        self.upTitle = upTitle
    }

    private func x(_ value: Double) -> Double {
        Self.left + self.across.place(value) * (self.width - Self.left - Self.right)
    }

    private func y(_ value: Double) -> Double {
        self.height - Self.bottom - self.up.place(value) * (self.height - Self.bottom - Self.top)
    }

    static func number(_ value: Double) -> String { FigureText.decimal(value, 1) }

    mutating func line(_ points: [(x: Double, y: Double)], series: Int, name: String, hasDots: Bool = false) {
        guard !points.isEmpty else { return }
        let path = points.map { "\(Self.number(self.x($0.x))),\(Self.number(self.y($0.y)))" }.joined(separator: " ")
        self.marks +=
            "<polyline class=\"l c\(series)\" points=\"\(path)\"><title>\(HTML.escaped(name))</title></polyline>\n"
        guard hasDots else { return }
        for point in points {
            let place = "cx=\"\(Self.number(self.x(point.x)))\" cy=\"\(Self.number(self.y(point.y)))\""
            self.marks += "<circle class=\"d c\(series)\" \(place) r=\"4\"/>\n"
        }
    }

    /// A limit across the plot, with its words above it, or below it at the top.
    mutating func limit(_ value: Double, words: String) {
        let y = self.y(value)
        self.marks += Self.line("limit", from: (Self.left, y), to: (self.width - Self.right, y))
        let offset = y < Self.top + 20 ? 16.0 : -6
        self.marks += Self.words(words, at: (Self.left + 8, y + offset), anchor: "start")
    }

    static func line(_ name: String, from: (x: Double, y: Double), to: (x: Double, y: Double)) -> String {
        let start = "x1=\"\(self.number(from.x))\" y1=\"\(self.number(from.y))\""
        return "<line class=\"\(name)\" \(start) x2=\"\(self.number(to.x))\" y2=\"\(self.number(to.y))\"/>\n"
    }

    static func words(
        _ words: String, at place: (x: Double, y: Double), anchor: String, name: String = "t"
    ) -> String {
        let start = "<text class=\"\(name)\" text-anchor=\"\(anchor)\""
        return "\(start) x=\"\(self.number(place.x))\" y=\"\(self.number(place.y))\">\(HTML.escaped(words))</text>\n"
    }

    var svg: String {
        let isWide = self.width > Self.widthHalf
        // On a narrow screen a wide plot is moved sideways, so that its words stay readable.
        return isWide ? "<div class=\"wide\">\(self.drawing)</div>\n" : self.drawing
    }

    private var drawing: String {
        var text = "<svg viewBox=\"0 0 \(Int(self.width)) \(Int(self.height))\" role=\"img\" aria-label=\""
        text += "\(HTML.escaped(self.title))\">\n"
        let floor = self.height - Self.bottom
        for tick in self.up.ticks {
            let y = self.y(tick.value)
            text += Self.line("grid", from: (Self.left, y), to: (self.width - Self.right, y))
            text += Self.words(tick.text, at: (Self.left - 8, y + 4), anchor: "end")
        }
        for tick in self.across.ticks {
            let x = self.x(tick.value)
            text += Self.line("grid", from: (x, floor), to: (x, floor + 4))
            text += Self.words(tick.text, at: (x, floor + 18), anchor: "middle")
        }
        let middle = (Self.left + self.width - Self.right) / 2
        text += Self.words(self.acrossTitle, at: (middle, self.height - 8), anchor: "middle")
        let turned = "translate(14 \(Self.number((floor + Self.top) / 2))) rotate(-90)"
        text += "<text class=\"t\" text-anchor=\"middle\" transform=\"\(turned)\">"
        return text + "\(HTML.escaped(self.upTitle))</text>\n" + self.marks + "</svg>\n"
    }
}

enum HTML {
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
            }
        }
        return result
    }
}
