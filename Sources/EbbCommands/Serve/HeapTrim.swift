import Foundation

/// Gives memory back that the C library keeps after work that is over.
///
/// Bodies and answers of thousands of requests come and go between small values that stay, so the heap is left full of
/// holes: after a batch of 20,000 lines of 4 KB, 152 MB for 30 MB in use. Pages inside holes go back to the system
/// when they are asked for; that takes milliseconds.
package struct HeapTrim {
    /// Between two looks at the process's memory.
    static let interval: Duration = .seconds(10)
    /// Growth since the last time that is worth it, bytes.
    package static let growthMin = 8 << 20

    /// Resident memory after the last time, or the least since.
    private var base: Int

    package init(resident: Int) { self.base = resident }

    /// - Parameter resident: memory of the process now, bytes.
    package mutating func isDue(resident: Int) -> Bool {
        self.base = min(self.base, resident)
        return resident - self.base >= Self.growthMin
    }

    /// - Parameter resident: what is left after holes were given back, bytes.
    package mutating func done(resident: Int) { self.base = resident }

    /// Until the task is cancelled. Ends at once where the C library has no such call.
    static func run(clock: SystemClock) async {
        guard let trim = Self.systemCall, var resident = Self.resident() else { return }
        var rule = HeapTrim(resident: resident)
        while (try? await clock.sleep(for: Self.interval)) != nil {
            resident = Self.resident() ?? resident
            guard rule.isDue(resident: resident) else { continue }
            _ = trim(0)
            rule.done(resident: Self.resident() ?? resident)
        }
    }

    /// glibc's `malloc_trim`, which Swift does not import.
    private static var systemCall: (@convention(c) (Int) -> CInt)? {
        dlsym(nil, "malloc_trim").map { unsafeBitCast($0, to: (@convention(c) (Int) -> CInt).self) }
    }

    /// The second number of Linux' `/proc/self/statm`, in pages.
    private static func resident() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let numbers = text.split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }
}
