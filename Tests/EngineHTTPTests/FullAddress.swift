import Glibc

/// An address of this machine that listens and never accepts, its queue full: further connections stay half open.
struct FullAddress {
    struct Failed: Error { let call: String, code: Int32 }

    let port: Int
    private let listener: Int32
    /// Keep the queue full while they are open.
    private let waiting: [Int32]

    init() throws {
        let kind = Int32(SOCK_STREAM.rawValue)
        self.listener = try Self.checked("socket", socket(AF_INET, kind, 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try Self.checked("bind", bind(listener, pointer, size))
                try Self.checked("listen", listen(listener, 0))
                try Self.checked("getsockname", getsockname(listener, pointer, &size))
            }
        }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        // A queue of length 0 takes one connection; the others are there for kernels that round up.
        self.waiting = try (0..<4).map { _ in
            let client = try Self.checked("socket", socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0))
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = Glibc.connect(client, $0, size) }
            }
            return client
        }
    }

    func close() {
        for descriptor in self.waiting + [self.listener] { _ = Glibc.close(descriptor) }
    }

    @discardableResult
    private static func checked(_ call: String, _ result: Int32) throws -> Int32 {
        if result < 0 { throw Failed(call: call, code: errno) }
        return result
    }
}
