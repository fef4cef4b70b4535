/// Port: runs something later. For push-style code that must not hold a task while it waits.
public protocol Timers: Sendable {
    func after(_ duration: Duration, _ action: @escaping @Sendable () -> Void)
}
