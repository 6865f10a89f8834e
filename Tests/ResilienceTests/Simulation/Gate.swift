import CTestSupport
import Glibc

/// Lets one thread through for every `open`: a semaphore.
final class Gate: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func open() { sem_post(semaphore) }

  func pass() { while sem_wait(semaphore) != 0 {} }

  /// False when nobody opened it for so many seconds of the real clock.
  func pass(seconds: Int) -> Bool {
    test_semaphore_wait(semaphore, UInt32(clamping: seconds)) != 0
  }
}

/// The natural logarithm; here, so that no other file needs the C library.
func logarithm(_ number: Double) -> Double { log(number) }
