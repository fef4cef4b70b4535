import Glibc
import NIOCore
import NIOPosix

/// Finds out whether an address can be listened on before anything else is done: a start that fails later would have
/// made a data folder, and shown a key that is shown once.
enum ListenCheck {
    /// - Throws: a failure that names the address, status 1.
    static func run(_ host: String, _ port: Int, group: any EventLoopGroup) async throws(CommandFailure) {
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                // Takes no connection in: a client that comes this early is reset, and tries again.
                .serverChannelOption(.autoRead, value: false)
                .bind(host: host, port: port).get()
            try await channel.close().get()
        } catch let error as IOError {
            throw CommandFailure(
                "cannot listen on \(host):\(port): \(String(cString: strerror(error.errnoCode)))",
                status: ExitStatus.failed)
        } catch {
            throw CommandFailure(
                "cannot listen on \(host):\(port): no such address on this machine", status: ExitStatus.failed)
        }
    }
}
