import CSupport
import Glibc
import Support

/// The world as it is: the monotonic clock, threads of the system, chance from the kernel.
package final class SystemEnvironment: Environment {
  package static let shared = SystemEnvironment()

  private let counter: AtomicWord

  private init() {
    var seed: UInt64 = 0
    vdb_random_bytes(&seed, MemoryLayout<UInt64>.size)
    counter = AtomicWord(seed)
  }

  package func now() -> UInt64 { monotonicNanoseconds() }

  /// Wait-free. Parent and child of a fork, and two children of one parent, get different numbers.
  package func random() -> UInt64 {
    mix(counter.add(0x9e37_79b9_7f4a_7c15) ^ mix(UInt64(bitPattern: Int64(getpid()))))
  }

  package func makeParking() -> any Parking { SystemParking() }

  package func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool {
    guard isMemoryAvailable(threadAddressSpace) else { return false }
    let opaque = Unmanaged.passRetained(Body(body))
    let refused = name.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        guard let start = text.baseAddress else { return EINVAL }
        return vdb_thread_start(
          { argument in
            guard let argument else { return }
            Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
          }, opaque.toOpaque(), start)
      }
    }
    if refused != 0 { opaque.release() }
    return refused == 0
  }
}

/// What a new thread does, as an object that a C pointer can carry.
private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Spreads the bits of a counter over the whole word: equal steps come out as if by chance (SplitMix64's finalizer).
package func mix(_ word: UInt64) -> UInt64 {
  var bits = word
  bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
  bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
  return bits ^ (bits >> 31)
}
