extension JSONScanner {
    /// Validates a whole array or object in one loop; a bit per level remembers which of the two is open.
    mutating func skipContainer() throws(JSONError) {
        let floor = self.depth
        var objects: UInt128 = 0
        repeat {
            let byte = try self.peek()
            var mustClose = true
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                try self.enter()
                self.isFirst = false
                let isObject = byte == UInt8(ascii: "{")
                objects = objects << 1 | (isObject ? 1 : 0)
                // The closing bracket is the opening one plus two in ASCII.
                if try self.peek() != byte + 2 {
                    if isObject { _ = try self.key() }
                    mustClose = false
                }
            case UInt8(ascii: "\""):
                _ = try self.scanString()
            default:
                _ = try self.scanPlain(byte)
            }
            if mustClose { try self.closeLevels(above: floor, &objects) }
        } while self.depth > floor
    }

    /// After a value: closes levels until a comma announces the next value or the floor is reached.
    @inline(__always)
    private mutating func closeLevels(above floor: Int, _ objects: inout UInt128) throws(JSONError) {
        while self.depth > floor {
            let isObject = objects & 1 == 1
            let byte = try self.peek()
            if byte == UInt8(ascii: ",") {
                self.offset += 1
                if isObject { _ = try self.key() }
                return
            }
            guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw self.failure(.unexpectedByte)
            }
            self.offset += 1
            self.depth -= 1
            objects >>= 1
        }
    }

    /// A number or a literal; `first` is the byte at the offset.
    @inline(__always)
    mutating func scanPlain(_ first: UInt8) throws(JSONError) -> JSONKind {
        switch first {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try self.scanNumber()
            return .number
        case UInt8(ascii: "t"):
            try self.scanLiteral("true")
            return .bool
        case UInt8(ascii: "f"):
            try self.scanLiteral("false")
            return .bool
        case UInt8(ascii: "n"):
            try self.scanLiteral("null")
            return .null
        default:
            throw self.failure(.unexpectedByte)
        }
    }

    @inline(__always)
    private mutating func scanLiteral(_ literal: StaticString) throws(JSONError) {
        guard self.equals(literal, at: self.offset) else { throw self.failure(.invalidLiteral) }
        self.offset += literal.utf8CodeUnitCount
    }

    private mutating func scanNumber() throws(JSONError) {
        if self.bytes[self.offset] == UInt8(ascii: "-") { self.offset += 1 }
        guard self.offset < self.count else { throw self.failure(.unexpectedEnd) }
        if self.bytes[self.offset] == UInt8(ascii: "0") {
            self.offset += 1
        } else {
            try self.scanDigits()
        }
        guard self.offset < self.count else { return }
        if self.bytes[self.offset] == UInt8(ascii: ".") {
            self.offset += 1
            try self.scanDigits()
        }
        guard self.offset < self.count, self.bytes[self.offset] | 0x20 == UInt8(ascii: "e") else { return }
        self.offset += 1
        if self.offset < self.count {
            let sign = self.bytes[self.offset]
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { self.offset += 1 }
        }
        try self.scanDigits()
    }

    /// One digit or more.
    @inline(__always)
    private mutating func scanDigits() throws(JSONError) {
        let start = self.offset
        while self.offset < self.count, self.bytes[self.offset] &- UInt8(ascii: "0") < 10 { self.offset += 1 }
        guard self.offset > start else {
            throw self.failure(self.offset < self.count ? .invalidNumber : .unexpectedEnd)
        }
    }
}
