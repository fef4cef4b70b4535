#if EBB_FAILPOINTS
    import Glibc
    import Synchronization
#endif

/// Named places where a crash test may kill the process, to prove that every moment is a safe one to die at.
///
/// Compiled in debug builds only; elsewhere `hit` is nothing. Armed by the environment: `EBB_FAILPOINT=name[:count]`
/// kills the process with SIGKILL at the count-th hit of that name (1 when absent).
public enum Failpoint {
    #if EBB_FAILPOINTS
        private struct Arming: Sendable {
            let name: String
            let count: Int
        }

        private static let arming: Arming? = {
            guard let value = getenv("EBB_FAILPOINT") else { return nil }
            let parts = String(cString: value).split(separator: ":", maxSplits: 1)
            guard let name = parts.first else { return nil }
            return Arming(name: String(name), count: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
        }()

        private static let hits = Atomic<Int>(0)

        public static func hit(_ name: StaticString) {
            guard let arming = self.arming, arming.name == name.description else { return }
            if self.hits.add(1, ordering: .relaxed).newValue == arming.count {
                kill(getpid(), SIGKILL)
            }
        }
    #else
        @inlinable @inline(__always)
        public static func hit(_: StaticString) {}
    #endif
}
